# Akako Sync. `make help` lists the commands.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make lock"

PYTEST = $(BIN)/pytest -n 2 --dist worksteal
# The suites that are not part of `make test`: each has a marker and a target `test-...` (image: image-test). CI runs them all (.ci/run).
APART := recovery or clerk or pooler or faults or bench or sdk or node or typescript or browser or image
# The command that image-test runs in a bare Debian container: the tests whose result depends on the machine. `make test` works too.
BARE_COMMAND ?= make demo && $(PYTEST) -m "not ($(APART))" tests/config tests/deploy tests/docs tests/cli tests/dev tests/serving tests/webhooks
# Three test processes keep two cores busy: each spends a third of its time waiting for processes that it started.
AT_ONCE := 3
# Limits for `make test`: tests spend most of their time starting processes and creating databases, so they share both.
MOST_PROCESSES := 265
MOST_DATABASES := 2000

# Without cached bytecode, a process compiles its modules at each start, which takes several seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo up example test test-fast test-properties test-postgres test-recovery test-clerk test-pooler test-faults test-bench test-sdk test-node test-typescript test-browser image-test format lint types contracts check lock bench bench-quick faults clean

help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*?## ' $(MAKEFILE_LIST) | sort | awk -F ':.*?## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(READY) ## Create .venv with every locked dependency (fast if nothing changed)

$(READY): requirements/build.txt requirements/dev.txt pyproject.toml sdk/python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is required. Select one, for example: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable . --editable sdk/python
	@touch $@

demo: install ## Run the whole path on real servers and show what happened
	@$(BIN)/akako demo

up: install ## Run all processes in the foreground, with data in .local/
	@$(BIN)/akako up

example: ## Run the example LMS on http://localhost:3000, while `make up` runs in another terminal (Node.js 20.19 or newer)
	@cd sdk/typescript && npm ci --loglevel error && npm run --silent example

test: check ## Run the checks and the tests
	@$(PYTEST) -n $(AT_ONCE) -m "not ($(APART))" --durations 20 --most-processes $(MOST_PROCESSES) --most-databases $(MOST_DATABASES)

test-fast: install ## Run the tests that start no servers or other processes (under a minute)
	@$(PYTEST) -m "not ($(APART) or servers or processes)"

test-properties: install ## Run the property tests with all examples (make test runs a tenth)
	@AKAKO_EXAMPLES=full $(PYTEST) -m properties

test-postgres: install ## Run migrations, database tests, convergence and short fault tests on PostgreSQL 15 and 16, or VERSION=
	@for version in $(or $(VERSION),15 16); do \
		if [ -z "$(VERSION)" ] && [ $$version != 16 ] && [ ! -x /usr/lib/postgresql/$$version/bin/postgres ]; then \
			echo "PostgreSQL $$version is not installed and is skipped (Debian: postgresql-$$version)"; \
		else \
			echo "PostgreSQL $$version" && AKAKO_POSTGRES=$$version $(PYTEST) tests/db tests/test_convergence.py tests/faults || exit 1; \
		fi; \
	done

test-recovery: install ## Run the tests that kill, stall, interrupt and restart processes and servers
	@$(PYTEST) -m recovery

test-clerk: install ## Run the tests of roles in tokens, moves from Keycloak and commands about Clerk's users
	@$(PYTEST) -m "clerk and not recovery"

test-faults: install ## Run a short version of the fault suite (make faults runs all of it)
	@$(PYTEST) -m faults

test-bench: install ## Check that the benchmark works, with a small run
	@$(PYTEST) -m bench

test-sdk: install ## Install the wheel of akako-guard into fresh environments, and run applications with it
	@$(BIN)/pytest -m sdk

test-pooler: install ## Run the tests that need PgBouncer (Debian: apt-get install pgbouncer); fails without it
	@AKAKO_REQUIRE=pgbouncer $(PYTEST) -m pooler

test-node: install ## Run the tests with Clerk's and Svix's libraries (Node.js 20.9 or newer; skipped without it)
	@if command -v npm >/dev/null; then \
		(cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel error) && \
		AKAKO_REQUIRE=node $(BIN)/pytest -m node tests/node; \
	else \
		echo "Node.js is not installed: its tests are skipped"; \
	fi

test-typescript: install ## Build and test the TypeScript package, also against a real stack (Node.js 20.19 or newer; skipped without it)
	@if command -v npm >/dev/null; then \
		(cd sdk/typescript && npm ci --loglevel error && npm run check) && \
		AKAKO_REQUIRE=node $(BIN)/pytest -m typescript tests/typescript; \
	else \
		echo "Node.js is not installed: the tests of the TypeScript package are skipped"; \
	fi

test-browser: install ## Run pages with the real ClerkJS in Chromium (Debian: chromium; and Node.js); skipped without them
	@if command -v npm >/dev/null && command -v chromium >/dev/null; then \
		(cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel error) && \
		(cd sdk/typescript && npm ci --loglevel error && npm run --silent build) && \
		VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/browser.txt && \
		AKAKO_REQUIRE=browser $(BIN)/pytest -m browser tests/browser; \
	else \
		echo "Chromium or Node.js is not installed: the tests in a browser are skipped"; \
	fi

check: install ## Check format, lint, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

image-test: install ## Build and run the image, and run tests in a bare Debian container (Debian: buildah, debootstrap)
	@AKAKO_REQUIRE=buildah $(BIN)/pytest -m image
	@tests/image/bare-debian '$(BARE_COMMAND)'

format: install ## Format the code and apply automatic fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(BENCH_READY) ## Compare Akako Sync with common alternatives (more than an hour)
	@$(BIN)/python -m bench && $(BIN)/python -m bench.page

bench-quick: $(BENCH_READY) ## Run a short benchmark with the main rows, in under three minutes
	@$(BIN)/python -m bench --quick

faults: install ## Inject faults under load and count lost events (nearly an hour; make test-faults runs a short version)
	@$(BIN)/python -m tests.faults.suite $(ARGS)

$(BENCH_READY): $(READY) requirements/bench.txt
	@echo "Installing the benchmark's dependencies into $(VENV) ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/bench.txt
	@touch $@

lock: install ## Update requirements/*.txt from pyproject.toml
	@$(LOCK) requirements/build.in -o requirements/build.txt
	@$(LOCK) pyproject.toml -o requirements/runtime.txt
	@$(LOCK) pyproject.toml --group dev -o requirements/dev.txt
	@$(LOCK) pyproject.toml --group bench --constraints requirements/dev.txt -o requirements/bench.txt
	@$(LOCK) --group browser --constraints requirements/dev.txt -o requirements/browser.txt

clean: ## Remove .venv, .local and caches
	rm -rf $(VENV) .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
