#!/usr/bin/python3
"""Pretends to be an OpenSearch endpoint that lets nobody in: answers each request with 401, over TLS where asked.

    fake_endpoint.py ADDRESS PORT [CERTIFICATE KEY]

Prints `ready` once it listens.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Refusing(BaseHTTPRequestHandler):
    """What the security plugin answers to a wrong password."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """401, with the plugin's header and text."""
        body = b"Unauthorized"
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="OpenSearch Security"')
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_) -> None:
        """Says nothing: a request's header may hold a password."""


def main(arguments) -> None:
    """Serves until it is ended."""
    server = ThreadingHTTPServer((arguments[0], int(arguments[1])), Refusing)
    server.daemon_threads = True
    if len(arguments) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments[2], arguments[3])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
