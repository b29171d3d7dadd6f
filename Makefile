# Marginline's chores. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

BIN := .venv/bin
READY := .venv/.ready
KERNELS := .venv/.kernels
PROMTOOL := build/promtool/usr/bin/promtool
KAFKA := build/kafka-libs/.ready

# What `make replay` runs; `make replay ACCOUNTS=100000` changes it. ARGS goes to the tool behind any chore as it is.
RECORDING ?= crash-2025-04-07
ACCOUNTS ?= 10000
# How many times its own pace `make live` plays it.
SPEED ?= 120
ARGS ?=
# Of the drills with faults: other ones each day, and printed with what fails.
SEED ?= $(shell date +%Y%m%d)000

.PHONY: help replay live test test-fast test-slow chaos-slice chaos-bars check fix cover mutate bench docs schemas kafka \
	promtool lock clean kafka-or-reason

help: ## list the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

replay: $(KERNELS) ## run the crash that ships through the whole dataflow (ACCOUNTS=10000); a finished run is replaced
	@$(BIN)/marginline replay $(RECORDING) --accounts $(ACCOUNTS) \
		$(if $(wildcard runs/$(RECORDING)-$(ACCOUNTS)/summary.json),--fresh) $(ARGS)

live: $(KERNELS) $(KAFKA) ## the same over a real Kafka, each flow a process, with a terminal view (SPEED=120); Ctrl-C ends it with a check
	@$(BIN)/marginline live up --recording $(RECORDING) --accounts $(ACCOUNTS) --speed $(SPEED) $(ARGS)

test: $(KERNELS) kafka-or-reason ## every test
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

test-slow: $(KERNELS) kafka-or-reason ## the long tests, under an hour: many drills with faults, each with its seed
	@$(BIN)/python -m pytest -m long $(ARGS)

chaos-slice: $(KERNELS) $(KAFKA) ## five minutes of faults against the real flows (SEED=7 for the same ones again)
	@$(BIN)/marginline chaos --seed $(SEED) --minutes 5 $(ARGS)

chaos-bars: $(KERNELS) $(KAFKA) ## 100 drills with kill -9, then 50 with any faults: some hours
	@$(BIN)/marginline chaos --seed $(SEED) --drills 100 --fault kill $(ARGS)
	@$(BIN)/marginline chaos --seed $(SEED) --drills 50 $(ARGS)

test-fast: $(KERNELS) ## tests that take less than ten seconds each
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not slow" $(ARGS)

check: $(READY) ## format, lint, types, imports, tidiness; runs all, then says which failed
	@failed=""; \
	for chore in "ruff format --check ." "ruff check ." "mypy" "lint-imports" "pytest -q tests/test_tidy.py"; do \
		echo "== $$chore"; \
		$(BIN)/$$chore || failed="$$failed [$$chore]"; \
	done; \
	if [ -n "$$failed" ]; then echo "make check failed:$$failed"; exit 1; fi

fix: $(READY) ## format, and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The JIT is off: coverage cannot see inside compiled code, and a rule is the same text either way.
cover: export NUMBA_DISABLE_JIT := 1
cover: $(READY) ## branch coverage: rules 100 %, pool 95 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q tests/rules tests/pool tests/verify $(ARGS)
	@$(BIN)/coverage report --include='flows/rules/*' --fail-under=100
	@$(BIN)/coverage report --include='flows/pool/*' --fail-under=95

mutate: $(READY) ## break rules on purpose: at least nine of ten mutants must be caught
	@$(BIN)/python tests/mutate.py $(ARGS)

bench: $(READY) ## benchmarks, each with its baseline
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(READY) ## write the reference pages that are generated, and the dashboard
	@$(BIN)/python docs/generate.py
	@$(BIN)/python infra/grafana/generate.py

schemas: $(READY) ## write JSON Schemas and the AsyncAPI document
	@$(BIN)/marginline schemas export

audit-deps: $(READY) ## ask whether a locked package has a known vulnerability; says so where nobody answers
	@$(BIN)/python tests/audit_deps.py $(ARGS)

kafka: $(KAFKA) ## fetch the Kafka broker that tests and `make live` start (43 MB, by Maven)

promtool: $(PROMTOOL) ## fetch Prometheus' checker of alert rules (a Debian package, 19 MB); tests use it where it is

lock: $(READY) ## resolve pyproject.toml into requirements.lock (LOCK_ARGS=--upgrade renews it)
	@$(BIN)/uv pip compile pyproject.toml --output-file requirements.lock --all-extras --generate-hashes \
		--universal --python-version 3.11 --fork-strategy fewest --no-emit-index-url \
		--custom-compile-command "make lock" --quiet $(LOCK_ARGS)

clean: ## remove what the chores left; runs/ and .venv/ stay
	@rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov
	@find flows schemas tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# ---- the environment -------------------------------------------------------------------------------------------------
# Only what the lock names, by hash. The stamp is written last, so an install that broke off is taken up again.
$(READY): requirements.lock pyproject.toml
	@$(FIND_PYTHON); \
	if ! .venv/bin/python -c '$(IS_FIT)' 2>/dev/null; then \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "Python's venv module is missing: apt-get install python3-venv, then make again." >&2; exit 1; }; \
		"$$python" -m venv --clear .venv; \
	fi; \
	echo "Installing the locked packages into .venv (once; about 300 MB to fetch) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# A small run compiles every kernel into the user's cache, so that no later run or test has to wait for the compiler.
$(KERNELS): $(READY)
	@echo "Compiling kernels (once; about a minute) ..."
	@$(BIN)/marginline replay crash-2025-04-07 --accounts 100 --out build/kernels --fresh > /dev/null
	@rm -rf build/kernels
	@touch $@

# ---- the broker ------------------------------------------------------------------------------------------------------
# Apache's released jars, each checked against its sum. The stamp is written last.
$(KAFKA): infra/kafka/pom.xml
	@command -v mvn > /dev/null || { \
		echo "Maven is missing: apt-get install maven, then make kafka again." >&2; exit 1; }
	@echo "Fetching the Kafka broker into build/kafka-libs (once; 43 MB) ..."
	@rm -rf $(@D)
	@mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file $< dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(@D)
	@touch $@

# ---- Prometheus' checker ---------------------------------------------------------------------------------------------
$(PROMTOOL):
	@command -v apt-get dpkg > /dev/null || { \
		echo "This chore needs Debian's apt-get and dpkg; elsewhere put promtool on the PATH." >&2; exit 1; }
	@rm -rf build/promtool && mkdir -p build/promtool
	@cd build/promtool && apt-get download -qq prometheus 2> /dev/null || { \
		echo "The package prometheus cannot be had: apt-get update, then make promtool again." >&2; exit 1; }
	@cd build/promtool && dpkg --extract prometheus_*.deb . && rm prometheus_*.deb && touch usr/bin/promtool

# Without Maven the tests that need a broker are skipped, and say so; with it, a broker that cannot be had is a failure.
kafka-or-reason:
	@if command -v mvn > /dev/null || [ -e $(KAFKA) ]; then $(MAKE) kafka; \
	else echo "Maven is missing, so tests against a real Kafka are skipped: apt-get install maven"; fi

IS_FIT := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))

# Asked, not trusted by name: a version manager's python3.12 may be there and refuse to run.
define FIND_PYTHON
python=""; \
for candidate in $(PYTHON) .venv/bin/python python3.11 python3.12 python3; do \
	if "$$candidate" -c '$(IS_FIT)' 2>/dev/null; then python="$$candidate"; break; fi; \
done; \
if [ -z "$$python" ]; then \
	echo 'Marginline needs Python 3.11 or 3.12, and none of "$(strip $(PYTHON) python3.11 python3.12 python3)" is one: get it with "uv python install 3.12", then make PYTHON="$$(uv python find 3.12)" replay' >&2; \
	exit 1; \
fi
endef
