#!/usr/bin/env bash
# `make watch`: the function under cargo-lambda's emulator on loopback, with a ledger and a CloudWatch of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
endpoints=$folder/endpoints.json
world=
emulator=
function=
finish() {
    for process in $function $emulator $world; do
        { kill "$process" && wait "$process"; } 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

tools/programs.sh
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

# The emulator serves Lambda's APIs, and the function that is built already runs beside it: cargo-lambda would build it again,
# with other features.
port=${WATCH_PORT:-9000}
cargo lambda watch --only-lambda-apis --invoke-address 127.0.0.1 --invoke-port "$port" >"$folder/emulator.log" 2>&1 &
emulator=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$emulator" 2>/dev/null || { cat "$folder/emulator.log" >&2; exit 1; }
    sleep 0.1
done
AWS_LAMBDA_RUNTIME_API=http://127.0.0.1:$port/.rt/stream-processor \
    AWS_LAMBDA_FUNCTION_NAME=stream-processor AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256 \
    AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
    LEDGER_TABLE=$table AWS_ENDPOINT_URL_DYNAMODB=$ledger AWS_ENDPOINT_URL_CLOUDWATCH=$cloudwatch \
    target/debug/stream-processor &
function=$!
# Whichever ends first ends the other.
wait -n "$emulator" "$function"
