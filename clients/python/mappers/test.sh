#!/usr/bin/env bash
# The Python client with the libraries that applications use, against `lastwriter local`. What cannot be installed is skipped.
set -euo pipefail
cd "$(dirname "$0")"

venv=.venv
stamp=$venv/requirements.stamp
if [[ ! -e $stamp || requirements.txt -nt $stamp || ../pyproject.toml -nt $stamp ]]; then
    echo "Installing the libraries that the Python client is tested with"
    python3 -m venv "$venv"
    if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r requirements.txt; then
        ../../../tools/skip.sh "the Python client with aioboto3, PynamoDB and others" "their packages cannot be installed"
        exit 0
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e ..
    touch "$stamp"
fi
"$venv/bin/python" -m pytest "$@"
