#!/usr/bin/env bash
# ruff over all Python, mypy over what people run; both are configured in pyproject.toml. Run it as `make lint`.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

"$bin/ruff" check --quiet .
# Modules of one name (conftest) may not meet in one run.
"$bin/mypy" --no-error-summary -p infra.deploy -p infra.dashboard
"$bin/mypy" --no-error-summary events/check.py bench/peers/python/function.py tools/*.py
MYPYPATH=clients/python/src "$bin/mypy" --no-error-summary clients/python/src clients/python/tests
MYPYPATH=clients/python/src:clients/python/tests "$bin/mypy" --no-error-summary clients/e2e
