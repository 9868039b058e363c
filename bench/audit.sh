#!/usr/bin/env bash
# What an audit costs beside the function's judge: the same recorded events of 2.8 KB, read by the optimised tool, turn and turn
# about. CPU of user and system. Ends with 1 if an audit takes more than twice as much.
#
#   bench/audit.sh [RECORDS]     200000 by default: 550 MB in a temporary folder
set -euo pipefail
cd "$(dirname "$0")/.."
records=${1:-200000}
target=2
runs=3

echo "Building the optimised tool" >&2
tools/cli.sh >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo run --quiet --release --package bench-join -- --print "$records" >"$folder/events.jsonl"

# Seconds of CPU of one run of the tool.
cpu() {
    local TIMEFORMAT='%U %S'
    { time target/cli/lastwriter "$@" >"$folder/out.json" 2>"$folder/messages.txt"; } 2>"$folder/time.txt" ||
        { cat "$folder/messages.txt" >&2; exit 1; }
    awk '{ print $1 + $2 }' "$folder/time.txt"
}

for ((run = 1; run <= runs; run++)); do
    echo "measuring, $run of $runs" >&2
    printf '%s %s\n' "$(cpu judge --json "$folder/events.jsonl")" "$(cpu audit --json --whole --events "$folder/events.jsonl")"
done >"$folder/seconds.txt"

awk -v records="$records" -v target="$target" '
    { judge += $1; audit += $2 }
    END {
        ratio = audit / judge
        printf "| %d records, mean of %d runs | CPU us/record | ratio |\n|---|---|---|\n", records, NR
        printf "| judge | %.1f | 1.00 |\n", judge / NR / records * 1e6
        printf "| audit | %.1f | %.2f, at most %s: %s |\n", audit / NR / records * 1e6, ratio, target, (ratio > target ? "MISSED" : "met")
        exit (ratio > target)
    }' "$folder/seconds.txt"
