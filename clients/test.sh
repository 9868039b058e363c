#!/usr/bin/env bash
# The tests of the Python and the Node client, each with what it needs installed beside it first, then both together.
# They run against `lastwriter local`, which `make programs` builds.
set -euo pipefail
cd "$(dirname "$0")"

venv=python/.venv
stamp=$venv/requirements.stamp
if [[ ! -e $stamp || python/requirements-dev.txt -nt $stamp || python/pyproject.toml -nt $stamp ]]; then
    echo "Installing what the Python client's tests need"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements-dev.txt
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e python
    touch "$stamp"
fi
(cd python && .venv/bin/python -m pytest)
python/test-wheel.sh
python/mappers/test.sh

if command -v node >/dev/null && command -v npm >/dev/null; then
    stamp=node/node_modules/.package-lock.json
    if [[ ! -e $stamp || node/package-lock.json -nt $stamp ]]; then
        echo "Installing what the Node client's tests need"
        (cd node && npm ci --silent --no-audit --no-fund)
    fi
    # The Node tests start their DynamoDB with the environment above.
    (cd node && npm test --silent)
else
    ../tools/skip.sh "the Node client's tests, and those of Node and Python together" \
        "node or npm is not installed; get Node 20 or later ('apt-get install nodejs npm')"
fi

# Writers of both languages in two Regions of one table.
(cd e2e && ../python/.venv/bin/python -m pytest)
