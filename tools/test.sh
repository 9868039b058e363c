#!/usr/bin/env bash
# Everything that CI checks, in the order in which a fault shows soonest. Run it as `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python

step() {
    printf '\n== %s (%s)\n' "$1" "$(date +%T)"
}

step "Formatting"
cargo fmt --all --check

step "Lints"
cargo clippy --quiet --workspace --all-targets -- -D warnings

step "Programs"
# All targets at once: bins alone would resolve other features than the tests, and build the AWS SDK twice.
cargo build --quiet --workspace --all-targets

step "Rust tests"
cargo test --quiet --workspace

step "Package: built by cargo-lambda, started from its zip"
make build
tools/start-package.sh target/lambda/stream-processor/bootstrap.zip

step "Events, templates, deploy commands"
$python events/check.py
$python -m pytest -q infra/tests

step "Clients"
clients/test.sh

printf '\nAll checks passed (%s)\n' "$(date +%T)"
