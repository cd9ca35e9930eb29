import sys
from . import hosts, images
def main(a):
    if a[0]=='up': hosts.bring_up(int(a[1]), 'h2')
    if a[0]=='images': images.ensure(a[1:])
    if a[0]=='removeall':
        hosts.remove_all()
