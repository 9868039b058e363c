#!/usr/bin/env bash
# The Go client: its form, its own tests, those against `lastwriter local`, and a module of its own that uses it as a user would.
set -euo pipefail
cd "$(dirname "$0")"

# Not to the cache: what stands outside of the module, programs and vectors, is read too.
export GOFLAGS="-mod=readonly -count=1"

# Beside the compiler, where a packaged Go has it.
unformatted=$("$(go env GOROOT)/bin/gofmt" -l .)
if [[ -n $unformatted ]]; then
    printf 'not formatted, run gofmt -w:\n%s\n' "$unformatted" >&2
    exit 1
fi
for module in . live; do
    (cd "$module" && GOFLAGS=-mod=readonly go vet ./... && go test ./...)
done
./test-module.sh
