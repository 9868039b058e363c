#!/usr/bin/env bash
# `make watch`: the function under cargo-lambda's emulator on loopback, with a ledger and a CloudWatch of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
endpoints=$folder/endpoints.json
world=
finish() {
    [[ -n $world ]] && kill "$world" 2>/dev/null && wait "$world" 2>/dev/null
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

cargo build --package lastwriter --package stream-processor
target/debug/lastwriter local --regions us-east-1,eu-west-1 --endpoints-file "$endpoints" </dev/null >"$folder/local.log" 2>&1 &
world=$!
until [[ -s $endpoints ]]; do
    kill -0 "$world" 2>/dev/null || { cat "$folder/local.log" >&2; exit 1; }
    sleep 0.1
done

read -r ledger cloudwatch table < <(python3 - "$endpoints" <<'PYTHON'
import json, sys

endpoints = json.load(open(sys.argv[1]))
print(endpoints["ledgers"]["us-east-1"], endpoints["cloudwatch"]["us-east-1"], endpoints["ledger_table"])
PYTHON
)
echo "The function's ledger: target/debug/lastwriter ledger list --ledger $table --endpoint-url $ledger"
echo "Send it an event from another terminal: make invoke EVENT=events/update_update.json"
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
cargo lambda watch --ignore-changes --invoke-address 127.0.0.1 --invoke-port "${WATCH_PORT:-9000}" \
    --package stream-processor \
    --env-var "LEDGER_TABLE=$table" \
    --env-var "AWS_ENDPOINT_URL_DYNAMODB=$ledger" \
    --env-var "AWS_ENDPOINT_URL_CLOUDWATCH=$cloudwatch"
