#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment as a user would, and stamps a write with it from another folder.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir "$work" .
python3 -m venv "$work/empty"
"$work/empty/bin/pip" install --quiet --disable-pip-version-check --constraint requirements-dev.txt "$work"/lastwriter-*.whl

cp tests/wheel_use.py "$work"
cd "$work"
empty/bin/python wheel_use.py
