# Everything runs inside .venv, from hashed locks; `make` alone lists the targets.
# Another interpreter: make run PYTHON=/path/to/python3.12

PYTHON  = python3 python3.13 python3.12 python3.11 python3.14
BIN     = .venv/bin
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check
LOCKED  = $(INSTALL) --require-hashes --only-binary :all: --requirement
OURS    = $(INSTALL) --no-deps --no-build-isolation --editable .
LOCK    = $(BIN)/uv pip compile --quiet $(UPGRADE) pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint check prove bench wire kills guards docs fmt lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## simulate the embedded default; the report goes to runs/default
	@$(BIN)/hedgeproof simulate

test: .venv/dev.stamp ## run the tests, without those marked slow
	@$(BIN)/pytest -n 2 -m "not slow"

lint: .venv/dev.stamp ## style, types and import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pyright
	@$(BIN)/lint-imports

check: .venv/dev.stamp ## explore the closed worlds exhaustively
	@$(BIN)/hedgeproof check

prove: .venv/dev.stamp ## prove the laws over all integers with CrossHair; goes on where it was stopped
	@$(BIN)/python -m tests.laws.prove $(ARGS)

bench: .venv/dev.stamp .rivals/stamp ## measure speed and memory; also --json FILE: make bench ARGS=...
	@$(BIN)/python tests/benchmarks/run.py $(ARGS)

wire: .venv/dev.stamp ## trade under each fault on a wire, then compare; drawn sets: make wire ARGS="--swarm 200"
	@$(BIN)/python -m tests.evidence.wire $(ARGS)

kills: .venv/dev.stamp ## kill a live bot again and again, then compare: make kills ARGS="--kills 20"
	@$(BIN)/python -m tests.evidence.kills $(ARGS)

guards: .venv/dev.stamp ## break each comparison of each machine: who minds? goes on where it was stopped
	@$(BIN)/python -m tests.evidence.guards $(ARGS)

docs: .venv/dev.stamp ## print the reference pages from the declarations
	@$(BIN)/python -m adapters.docs

fmt: .venv/dev.stamp ## format, and mend what can be mended
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: .venv/dev.stamp ## resolve the locks again; newest versions: make lock UPGRADE=--upgrade
	@$(LOCK) --group dev --extra check --output-file requirements/dev.txt
	@$(LOCK) --group build --constraint requirements/dev.txt --output-file requirements/run.txt
	@$(BIN)/uv pip compile --quiet $(UPGRADE) requirements/bench.in --output-file requirements/bench.txt

clean: ## remove the environment, the caches and the reports
	@rm -rf .venv runs dist .hypothesis .*_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in $(PYTHON); do \
	  $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Creating .venv with $$($$python --version)"; \
	  exec $$python -m venv --clear .venv; \
	done; \
	echo "Found no Python 3.11 or newer with its venv module among: $(PYTHON)" >&2; exit 1

.venv/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what $< locks into .venv"
	@$(LOCKED) $<
	@$(OURS)
	@touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what $< locks into .venv"
	@$(LOCKED) $<
	@$(OURS)
	@touch .venv/run.stamp $@

.rivals/stamp: requirements/bench.txt | .venv/dev.stamp
	@echo "Installing what $< locks into .rivals"
	@$(BIN)/python -m venv --clear .rivals
	@if .rivals/bin/python -m pip install -qq --disable-pip-version-check \
	  --require-hashes --only-binary :all: --requirement $<; then touch $@; \
	else echo "They cannot be installed here: only ours is measured"; fi
