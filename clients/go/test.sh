#!/usr/bin/env bash
# The Go client: its form, its own tests, those against `lastwriter local`, and a module of its own that uses it as a user would.
set -euo pipefail
cd "$(dirname "$0")"

# Of what stands outside of the modules, programs and vectors, the cache of tests knows nothing.
export GOFLAGS="-mod=readonly -count=1 -buildvcs=false"

for module in . live; do
    if ! (cd "$module" && go mod download); then
        ../../tools/skip.sh "the Go client's tests" "its modules cannot be fetched"
        exit 0
    fi
done

# Beside the compiler, where a packaged Go has it.
unformatted=$("$(go env GOROOT)/bin/gofmt" -l .)
if [[ -n $unformatted ]]; then
    printf 'not formatted, run gofmt -w:\n%s\n' "$unformatted" >&2
    exit 1
fi
for module in . live; do
    (cd "$module" && go vet ./... && go test ./...)
done
./test-module.sh
