#!/usr/bin/env bash
# Builds the command-line tool and both functions into target/debug, with the features that `make test` resolves: with an example
# among what is built, what tests depend on counts too. Built alone they would have other features of a few small crates, and
# everything that uses those, the AWS SDK first of all, would be built a second time. Arguments go to cargo.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo build --workspace --bin lastwriter --bin stream-processor --bin table-reporter --example overhead "$@"
