# chatapp: `make run` serves it, `make test` tests it. Both install what they need first.

PYTHON ?= python3
VENV := .venv
# Tools are called as modules: the scripts in bin/ hold the path of the folder they were made in.
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

# One shell a recipe, so that the last command can take the shell's place (exec) and Ctrl+C ends it
# alone.
.ONESHELL:
SHELL := /bin/sh
.SHELLFLAGS := -eu -c

.DEFAULT_GOAL := help
.PHONY: help run dev test test-fast test-long check format clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make run PORT=8000 listens elsewhere; every setting is in docs/configuration.md."

run: $(VENV)/runtime ## serve on http://127.0.0.1:5000 until Ctrl+C
	@$(BIN)/python -m chatapp.ops.preflight
	exec $(BIN)/python -m gunicorn -c gunicorn.conf.py wsgi:app

dev: $(VENV)/runtime ## the same, and start again when code, a template or a static file changes
	@$(BIN)/python -m chatapp.ops.preflight
	exec $(BIN)/python -m gunicorn -c gunicorn.conf.py --reload wsgi:app

test: $(VENV)/dev tests/node/node_modules/.installed ## everything: both databases, real connections, the browser
	@bin/test

test-fast: $(VENV)/dev ## without servers and browser, on SQLite: half a minute
	@exec env -u PYTHONDONTWRITEBYTECODE $(PYTEST) -n auto --maxprocesses 4 \
		-m "not live and not slow and not long" \
		--ignore=tests/live --ignore=tests/browser --ignore=tests/node $(ARGS)

test-long: $(VENV)/dev tests/node/node_modules/.installed ## what takes long: 2,000 histories on each database
	@bin/test-long $(ARGS)

check: $(VENV)/dev ## format, lint, imports, types
	@$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python bin/lint-imports
	$(BIN)/python -m mypy

format: $(VENV)/dev ## put code into the one format
	@$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .

clean: ## remove what was installed; data in instance/ stays
	rm -rf $(VENV) tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

# An environment whose Python was upgraded or removed is made again.
REBUILD := $(if $(wildcard $(VENV)/runtime $(VENV)/dev),$(shell $(BIN)/python -c 'import pip' >/dev/null 2>&1 || echo rebuild))
.PHONY: rebuild
rebuild:

$(VENV)/runtime: requirements.txt bin/install $(REBUILD)
	@PYTHON="$(PYTHON)" bin/install $(VENV) requirements.txt
	touch $@

$(VENV)/dev: requirements.txt requirements-dev.txt bin/install $(REBUILD)
	@PYTHON="$(PYTHON)" bin/install $(VENV) requirements-dev.txt
	touch $@ $(VENV)/runtime

tests/node/node_modules/.installed: tests/node/package.json tests/node/package-lock.json | $(VENV)/dev
	@$(BIN)/python -m tests.support.node npm ci
	touch $@
