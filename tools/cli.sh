#!/usr/bin/env bash
# Builds the command-line tool as it can be given to an operator: one optimised program, with shell completions and manual
# pages, in target/cli.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release --package lastwriter --bin lastwriter
out=target/cli
rm -rf "$out"
mkdir -p "$out/completions"
cp target/release/lastwriter "$out/"
"$out/lastwriter" completions bash > "$out/completions/lastwriter.bash"
"$out/lastwriter" completions zsh > "$out/completions/_lastwriter"
"$out/lastwriter" completions fish > "$out/completions/lastwriter.fish"
"$out/lastwriter" manual "$out/man/man1"
echo "In $out: $(du -h "$out/lastwriter" | cut -f1) lastwriter, completions, man/man1"
