#!/usr/bin/env bash
# Makes an empty module, requires the client as a user would, and stamps a write with it from another folder.
set -euo pipefail
client=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$client/testdata/use.go.txt" "$work/main.go"
cd "$work"
go mod init example >/dev/null 2>&1
go mod edit -require lastwriter@v0.0.0 -replace "lastwriter=$client"
# The versions that the client asks for, which are there: nothing has to be looked up.
cp "$client/go.sum" go.sum
GOFLAGS=-mod=mod GOPROXY=off go run .
