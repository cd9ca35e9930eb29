# Progress lines with the time since the start, and commands whose output goes to a log. Sourced by the scripts.
# The caller sets `log` (a path); SECONDS counts from where this file was sourced.
SECONDS=0

# say TEXT…: one progress line on stderr.
say() { printf '%s[%02d:%02d]%s %s\n' "${bold-}" $((SECONDS / 60)) $((SECONDS % 60)) "${plain-}" "$*" >&2; }

# logged TEXT COMMAND…: says TEXT, runs COMMAND with its output in the log; where it fails, shows the log's end and ends
# with 1.
logged() {
  local text=$1
  shift
  say "$text"
  printf '\n== %s: %s\n' "$text" "$*" >> "$log"
  if ! "$@" >> "$log" 2>&1; then
    show_log "$text failed"
    exit 1
  fi
}

# show_log TEXT: the end of the log, after a failure.
show_log() {
  say "$1; the end of $log:"
  tail -n 25 "$log" | sed 's/^/    /' >&2
}

# hold_lab: waits until no other script uses the lab, then notes that this one does. A pid, not a lock: what the scripts leave
# running would inherit a lock.
hold_lab() {
  local file=/run/drover-lab.pid other said=
  while other=$(cat "$file" 2> /dev/null) && [[ -n $other && $other != "$$" ]] &&
    grep -qs 'scripts/' "/proc/$other/cmdline"; do
    [[ -n $said ]] || say "process $other uses the lab: waiting for its end"
    said=1
    sleep 1
  done
  # Where it cannot be written, no lab can be made either.
  { echo "$$" > "$file"; } 2> /dev/null || true
}

# demo_is_up: a demo was begun and its Docker Engines run; after a reboot only its mark is left.
demo_is_up() {
  local home=${LAB:-/var/lib/drover-lab}
  [[ -e $home/demo ]] && grep -qsz "^$home/hosts/[^/]*/run/exec\$" /proc/[0-9]*/cmdline
}

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m'
  plain=$'\e[0m'
fi
