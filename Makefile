# The commands of the suite. `make help` lists them; what they do is written where they point to.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install up down status restart logs audit test lint format demo bench seeded-bugs faults crash-matrix protos lock clean

PYTHON := .venv/bin/python
RUN_DIR ?= .run
LOCAL := $(PYTHON) -m deploy.local --run-dir $(RUN_DIR)
TIMES ?= 5
DEPLOYABLES := services/identity services/accounts services/payments services/documents services/content gateway sandbox

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Install what is missing: .venv, libraries, Debian packages (done by every target that needs it)
	@deploy/local/install.sh

up: install ## Start the whole suite, wait until it is healthy, print addresses and demo accounts
	@$(LOCAL) up

down: ## Stop the suite; its data stay in .run
	@if [ -x $(PYTHON) ]; then $(LOCAL) down; else echo "Nothing runs."; fi

status: install ## Show every process of the suite
	@$(LOCAL) status

restart: install ## Restart all but the data stores, or one process: make restart NAME=payments-worker
	@$(LOCAL) restart $(NAME)

logs: install ## Follow the logs; make logs NAME=payments for one process
	@$(LOCAL) logs $(NAME)

audit: install ## Hold all books of a running suite against each other; ARGS: a period, --json (deploy/audit)
	@$(PYTHON) -m deploy.audit --run-dir $(RUN_DIR) $(ARGS)

test: install ## Run all tests; ARGS are handed to pytest
	@$(PYTHON) -m pytest --numprocesses 2 --no-loadscope-reorder $(ARGS)

lint: install ## Check style, types, imports, contracts, locks and security
	@.ci/lint

format: install ## Format the Python code
	@.venv/bin/ruff check --fix --quiet . && .venv/bin/ruff format .

demo: install ## Run one subscriber's story through the public API of a running suite
	@$(PYTHON) -m tests.demo

bench: install ## Measure the main scenarios and print the table
	@$(PYTHON) -m tests.bench

seeded-bugs: install ## Plant payment bugs in a copy, one by one, and show which test catches each; ARGS pick some by a word
	@$(PYTHON) -m tests.seeded_bugs $(ARGS)

faults: install ## Run all fault tests, and those that measure, the long ones too, which `make test` leaves out
	@$(PYTHON) -m pytest tests/faults tests/accounts/integration/test_isolation.py -m "" $(ARGS)

crash-matrix: install ## Kill a process at each point of a payment, TIMES times (5); print what held and how to replay what did not
	@$(PYTHON) -m tests.faults.crash_matrix --times $(TIMES) $(ARGS)

protos: install ## Generate Python from protos/
	@.ci/protos

lock: install ## Resolve all manifests anew: requirements-dev.lock, then one requirements.lock per deployable
	@.ci/lock $(DEPLOYABLES)

clean: down ## Remove .venv, .run and all caches
	@rm -rf .venv .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
