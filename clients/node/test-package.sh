#!/usr/bin/env bash
# Packs a fresh copy of this folder, installs the tarball into an empty environment as a user would, and stamps a write with it:
# by import, by require, and from TypeScript.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What a clone has, and nothing that was built or installed here.
mkdir "$work/clone" "$work/empty"
git ls-files -z --cached --others --exclude-standard | tar --null --files-from - --create | tar --extract --directory "$work/clone"
(cd "$work/clone" && npm pack --silent --pack-destination "$work" >/dev/null)

of() { node -p "require('./package.json').devDependencies['$1']"; }
sdk=@aws-sdk/client-dynamodb@$(of @aws-sdk/client-dynamodb)
typescript=typescript@$(of typescript)
node_types=@types/node@$(of @types/node)
cp test/package_use.* "$work/empty"
cd "$work/empty"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund --prefer-offline "$work"/lastwriter-*.tgz "$sdk" "$typescript" "$node_types"

node package_use.mjs
node package_use.cjs
node_modules/.bin/tsc --noEmit --strict --module nodenext --target es2022 --types node package_use.mts
echo "The tarball installs, and stamps a write."
