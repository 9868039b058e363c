# lastwriter: the front door. `make` alone lists the targets.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
# cargo-lambda finds zig through the environment's python.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

FUNCTIONS := stream-processor table-reporter
ZIPS := $(FUNCTIONS:%=target/lambda/%/bootstrap.zip)
EVENT ?= events/update_update.json
AUDIT ?= --whole --events events/audit/us-east-1.jsonl events/audit/eu-west-1.jsonl
FUZZ_SECONDS ?= 60

include infra/deploy.mk

.PHONY: help setup setup-checks programs cli audit demo replay test prove bench fuzz mutants build watch invoke lint fmt clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Set up ---------------------------------------------------------------------------------------------------------

setup: $(VENV)/tools.stamp ## cargo-lambda and zig, pinned, in .venv

setup-checks: setup $(VENV)/checks.stamp ## What the checks of templates and clients need, too

$(VENV)/pip.stamp:
	@tools/prerequisites.sh cargo python3
	@echo "Making the virtual environment $(VENV)"
	@python3 -m venv $(VENV)
	@touch $@

$(VENV)/tools.stamp: $(VENV)/pip.stamp tools/requirements.txt
	@echo "Installing cargo-lambda and zig into $(VENV)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
	@touch $@

$(VENV)/checks.stamp: $(VENV)/pip.stamp infra/requirements.txt tools/requirements-checks.txt clients/python/requirements-dev.txt
	@echo "Installing what the checks need into $(VENV)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r infra/requirements.txt -r tools/requirements-checks.txt
	@touch $@

# --- See it work ----------------------------------------------------------------------------------------------------

audit: programs ## What a table lost, without stamps: AUDIT="--table orders --regions us-east-1,eu-west-1"; recorded streams by default
	@target/debug/lastwriter audit $(AUDIT)

demo: programs ## See lost writes found: a global table on this machine, a minute of traffic, a partition (DEMO="--seed 7")
	@target/debug/lastwriter demo $(DEMO)

replay: programs ## Replay the sample events through the function: verdicts, ledger, metrics
	@target/debug/lastwriter replay events

# --- Check it -------------------------------------------------------------------------------------------------------

test: setup-checks ## Everything that CI checks: format, lints, all tests, packages, templates, clients
	@tools/test.sh

prove: ## A million writes per setting against the model of a global table (PROVE="--only join")
	@cargo run --quiet --package global-table-model --bin prove -- --allow-close 1 $(PROVE)

bench: setup build ## CPU, start-up, memory, growth and cost beside bare functions and a typed one (PEERS=1: Python and Node too; JOIN=1: an audit beside judge, first)
	@$(if $(JOIN),bench/audit.sh)
	@cargo lambda build --quiet --release $(FUNCTIONS:%=--package %) --package bench-functions
	@cargo build --quiet --package bench
	@$(if $(PEERS),bench/peers/install.sh > target/peers.txt)
	@$(if $(PEERS),sed 's/^/--peer=/' target/peers.txt | tr '\n' '\0' | xargs -0) target/debug/bench --check $(BENCH)

fuzz: ## Hostile input for longer: FUZZ_SECONDS=60 for each target
	@BOLERO_RANDOM_TEST_TIME_MS=$$(( $(FUZZ_SECONDS) * 1000 )) BOLERO_RANDOM_ITERATIONS=1000000000 \
		cargo test --quiet --package fuzz targets -- --nocapture --test-threads 2

mutants: ## Which small changes of the code no unit test notices (MUTANTS=ledger, a crate or a file; all of it takes hours)
	@tools/mutants.sh $(MUTANTS)

lint: setup-checks ## Formatting, clippy, ruff and mypy, warnings denied
	@cargo fmt --all --check
	@tools/lint-python.sh
	@cargo clippy --quiet --workspace --all-targets -- -D warnings

fmt: ## Format the Rust code
	@cargo fmt --all

# --- Build and run --------------------------------------------------------------------------------------------------

programs: ## The command-line tool and both functions in target/debug, built as the tests build them
	@tools/prerequisites.sh cargo
	@tools/programs.sh

cli: ## The command-line tool for an operator without this repository, in target/cli: program, completions, manual
	@tools/prerequisites.sh cargo
	@tools/cli.sh

build: setup $(ZIPS) ## A zip per function, for Lambda (ARM64=1 for arm64)

.PHONY: $(ZIPS)
$(ZIPS) &:
	@cargo lambda build --release --output-format zip $(if $(ARM64),--arm64) $(FUNCTIONS:%=--package %)

watch: setup ## The function under cargo-lambda's emulator on loopback, for `make invoke`
	@tools/watch.sh

invoke: setup ## Send an event to `make watch`: EVENT=events/update_update.json
	@cargo lambda invoke stream-processor --invoke-address 127.0.0.1 --data-file $(EVENT)

clean: ## Remove what was built and installed
	@cargo clean --quiet
	@rm -rf $(VENV)
