#!/usr/bin/env bash
# The Node client, as it is packed, with the libraries that applications use, against `lastwriter local`. What cannot be
# installed is skipped.
set -euo pipefail
cd "$(dirname "$0")"

stamp=node_modules/.package-lock.json
if [[ ! -e $stamp || package-lock.json -nt $stamp ]]; then
    echo "Installing the libraries that the Node client is tested with"
    if ! npm ci --silent --no-audit --no-fund --ignore-scripts; then
        ../../../tools/skip.sh "the Node client with ElectroDB, dynamodb-toolbox and others" "their packages cannot be installed"
        exit 0
    fi
fi
# The package as a user gets it, and not the folder.
rm -rf node_modules/lastwriter
mkdir node_modules/lastwriter
tarball=$(cd .. && npm pack --silent --pack-destination mappers)
tar --extract --file "$tarball" --directory node_modules/lastwriter --strip-components 1
rm "$tarball"
node --test mappers.test.mjs
