# Two commands matter: `make run` and `make test`. Each sets up whatever it needs, from a fresh clone.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

.PHONY: run
run: env ## start the database, the engine and the demo shop (PORT=, MAKEGOOD_CONFIG=, MAKEGOOD_MERCHANT_KEY=)
	@PORT=$(PORT) exec $(BIN)/makegood run

.PHONY: env
env: $(VENV)/.installed ## make .venv with the `makegood` command in it

$(VENV)/.installed: requirements.lock pyproject.toml scripts/venv scripts/compile
	@scripts/venv $(PYTHON) $(VENV) requirements.lock
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@scripts/venv $(PYTHON) $(VENV) requirements-dev.lock
	@touch $@

node_modules/.installed: package-lock.json $(VENV)/.installed-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

.PHONY: env-dev
env-dev: $(VENV)/.installed-dev node_modules/.installed

.PHONY: browser
browser:
	@scripts/tools browser

.PHONY: tools
tools:
	@scripts/tools browser systemd

.PHONY: test
test: env-dev tools lint types ## run every check: format, lint, types, all tests, the browser's too
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: env-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

.PHONY: types
types: env-dev
	@$(BIN)/mypy
	@$(BIN)/node node_modules/typescript/bin/tsc --project ui/jsconfig.json

.PHONY: format
format: env-dev ## rewrite the code in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: lock
lock: ## renew the lock files (needs `uv` on the PATH)
	@scripts/lock

.PHONY: bench-fairness
bench-fairness: env-dev ## ten million draws of the default wheel through every test of fairness
	@$(BIN)/python -m tests.bench.fairness

.PHONY: bench-proof
bench-proof: env-dev ## proofs recomputed and checked, beside a bare loop of the same hashes
	@$(BIN)/python -m tests.bench.proof

.PHONY: bench-decision
bench-decision: env-dev ## a decision of ten typed rules, in microseconds
	@$(BIN)/python -m tests.bench.decision

.PHONY: bench-accrual
bench-accrual: env-dev ## one night of a million who wait, and of ten, against the barest SQL
	@$(BIN)/python -m tests.bench.accrual

.PHONY: bench-widget
bench-widget: env-dev browser ## what a spin downloads and costs the browser, beside three peers of the registry
	@$(BIN)/python -m tests.bench.widget

.PHONY: pictures
pictures: env-dev browser ## take the pictures of README and docs from the present look
	@$(BIN)/python -m tests.pictures

.PHONY: fuzz
fuzz: env-dev ## generated calls of the whole OpenAPI document for five minutes, and fifty thousand mutated config files
	@FUZZ_FILES=50000 $(BIN)/pytest -q tests/engine/test_config_fuzz.py
	@FUZZ_SECONDS=300 $(BIN)/pytest -q tests/safety/test_openapi.py

.PHONY: audit-dependencies
audit-dependencies: env-dev ## known flaws of what is installed; says so where no source of them can be reached
	@$(BIN)/python scripts/audit-dependencies

.PHONY: bench-spin
bench-spin: env-dev ## durable spins and offers over HTTP, beside an empty handler on the same server
	@$(BIN)/python -m tests.bench.spin

.PHONY: bench-startup
bench-startup: env-dev ## how long after `makegood serve` the first request is answered
	@$(BIN)/python -m tests.bench.startup

.PHONY: bench-audit
bench-audit: env-dev ## an audit of a million spins and thirty million entries: time and memory (SPINS=, ENTRIES=)
	@$(BIN)/python -m tests.bench.audit $(if $(SPINS),--spins $(SPINS)) $(if $(ENTRIES),--entries $(ENTRIES))

.PHONY: bench-growth
bench-growth: env-dev ## what a spin costs after ten million others, beside ten thousand (PAST=, DATA=)
	@$(BIN)/python -m tests.bench.growth $(if $(PAST),--past $(PAST)) $(if $(DATA),--data $(DATA))

.PHONY: bench-simulate
bench-simulate: env-dev ## ten million simulated spins, beside a bare numpy choice of as many
	@$(BIN)/python -m tests.bench.simulate

.PHONY: chaos
chaos: env-dev ## a hundred faults under load, and every promise checked afterwards (FAULTS=, SEED=)
	@LAST_UNIT_SHOPPERS=10000 $(BIN)/pytest -q --durations=1 tests/chaos/test_last_unit.py
	@STANDBY_SPINS=3000 $(BIN)/pytest -q --durations=1 tests/faults/test_standby.py
	@$(BIN)/python -m tests.chaos $(if $(FAULTS),--faults $(FAULTS)) $(if $(SEED),--seed $(SEED))

.PHONY: load
load: env-dev ## a minute of a shop's traffic with a flash sale in it; the report is var/load.html
	@$(BIN)/python -m tests.bench.load

.PHONY: guess
guess: env-dev ## a million guesses against a million live codes: none is found, and guessing is stopped
	@$(BIN)/python -m tests.bench.guess

.PHONY: clean
clean: ## remove the environment and caches; the data in var/ stays
	@rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache
