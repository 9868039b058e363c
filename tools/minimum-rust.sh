#!/usr/bin/env bash
# The code builds with the Rust that Cargo.toml promises. With that toolchain it is checked; without it, what can be known from
# here is: clippy refuses what the standard library has since (incompatible_msrv, a lint of the workspace), and no dependency
# declares a later version. With LASTWRITER_FETCH=1, as in CI, the toolchain is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

promised=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
cargo metadata --locked --format-version 1 | .venv/bin/python tools/minimum_rust.py

if [[ ${LASTWRITER_FETCH-} == 1 ]] && command -v rustup >/dev/null; then
    rustup toolchain install --profile minimal --no-self-update "$promised" || true
fi
if command -v rustup >/dev/null && rustup run "$promised" cargo --version >/dev/null 2>&1; then
    # A folder of its own: another compiler would have everything built again.
    rustup run "$promised" cargo check --quiet --locked --workspace --all-targets --target-dir target/minimum-rust
    echo "minimum Rust version: the workspace was checked with Rust $promised"
else
    tools/skip.sh "a check with Rust $promised" \
        "the toolchain is not installed ('rustup toolchain install $promised'); clippy and the versions of dependencies were checked instead"
fi
