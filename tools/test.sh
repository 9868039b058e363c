#!/usr/bin/env bash
# Everything that CI checks, in the order in which a fault shows soonest. Run it as `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python

# What a step leaves out is told here and listed at the end, whichever way the run ends: see tools/skip.sh.
mkdir -p target
export SKIPPED_CHECKS=$PWD/target/skipped-checks.txt
: >"$SKIPPED_CHECKS"
trap 'tools/skip.sh --list' EXIT
export PYTHONPATH=$PWD/tools${PYTHONPATH:+:$PYTHONPATH} PYTEST_ADDOPTS="-p report_skips ${PYTEST_ADDOPTS-}"

step() {
    printf '\n== %s (%s)\n' "$1" "$(date +%T)"
}

step "Formatting"
cargo fmt --all --check

step "Python: ruff, mypy, and the tools' own tests"
tools/lint-python.sh
$python -m pytest -q tools/tests

step "Dependencies: licences, duplicates, sources, advisories"
tools/dependencies.sh

step "Lints"
cargo clippy --quiet --workspace --all-targets -- -D warnings

step "Minimum Rust version"
tools/minimum-rust.sh

step "Programs"
# All targets at once: bins alone would resolve other features than the tests, and build the AWS SDK twice.
cargo build --quiet --workspace --all-targets

step "Rust tests"
cargo test --quiet --workspace
grep -rhoP --include=*.rs '^\s*#\[ignore = "\K[^"]+' crates functions tests clients bench |
    while read -r why; do tools/skip.sh "a Rust test marked ignore" "$why"; done

step "Packages: built by cargo-lambda, started from their zips"
make build
tools/start-package.sh target/lambda/stream-processor/bootstrap.zip
tools/start-package.sh target/lambda/table-reporter/bootstrap.zip

step "Events, templates, deploy commands"
$python events/check.py
$python -m pytest -q infra/tests

step "Clients"
clients/test.sh

printf '\nAll checks passed (%s)\n' "$(date +%T)"
