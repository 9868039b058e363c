#!/usr/bin/env bash
# Names each command that is missing, with how to get it. Arguments: the commands that are needed.
set -euo pipefail

declare -A how=(
    [cargo]="Rust: https://rustup.rs"
    [python3]="Python 3.11 or newer: your system's package manager, as in 'apt-get install python3 python3-venv'"
    [node]="Node.js 20 or newer: https://nodejs.org, or 'apt-get install nodejs npm'"
    [npm]="npm, which comes with Node.js: https://nodejs.org, or 'apt-get install npm'"
    [chromium]="Chromium: 'apt-get install chromium'"
)

missing=0
for command in "$@"; do
    if ! command -v "$command" >/dev/null; then
        echo "missing: $command. Get ${how[$command]:-it and put it on the PATH}" >&2
        missing=1
    fi
done
if [[ " $* " == *" python3 "* ]] && command -v python3 >/dev/null && ! python3 -c 'import ensurepip' 2>/dev/null; then
    echo "missing: Python's venv module. Get it with 'apt-get install python3-venv'" >&2
    missing=1
fi
if [[ " $* " == *" python3 "* ]] && command -v python3 >/dev/null &&
    ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "too old: $(python3 --version). Get ${how[python3]}" >&2
    missing=1
fi
exit "$missing"
