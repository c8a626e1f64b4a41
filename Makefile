# The first two commands do all the set-up: `make run`, `make test`. Needs Python 3.11+, pip and make.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
YEARS := --year 2022 --year 2023

.DEFAULT_GOAL := help
CHECKS := check-types check-generated check-sql check-style check-imports
.PHONY: help run test test-deep test-spark check $(CHECKS) ui format generate lock bench clean system-packages

help:            ## What there is to do
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 18

run: .venv/run.stamp  ## The yearly run on the sample submissions (2022 and 2023)
	@$(BIN)/nianbao sample $(YEARS)
	@$(BIN)/nianbao run $(YEARS)

test: .venv/dev.stamp system-packages  ## The tests, but for the deep ones and those on Spark
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

test-deep: .venv/dev.stamp system-packages  ## Long plays, corpora, servers, series of kills and faults; fixed seeds
	@$(BIN)/pytest --numprocesses 2 --dist loadfile -m deep

test-spark: .venv/dev.stamp .venv/spark.stamp  ## The models on Apache Spark: every value as on DuckDB
	@sh tests/system_packages.sh openjdk
	@$(BIN)/pytest -m spark tests/spark

check: .venv/dev.stamp  ## Format, lint, strict types, import rules, SQL for both engines, stale files and drawing
	@$(MAKE) --no-print-directory --keep-going --jobs 2 --output-sync $(CHECKS)

check-types:
	$(BIN)/mypy

check-generated:
	$(BIN)/nianbao generate --check
	$(BIN)/python -m tests.lint.house --check

check-sql:
	$(BIN)/sqlfmt --check --quiet dbt_project
	$(BIN)/python -m tests.lint.portable_sql

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tests.lint.glossary

check-imports:
	$(BIN)/lint-imports --no-cache

ui: .venv/run.stamp  ## Dagster's UI on http://127.0.0.1:3000
	@$(BIN)/nianbao ui

format: .venv/dev.stamp  ## Format Python and SQL
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/sqlfmt --quiet dbt_project

generate: .venv/dev.stamp  ## Write the files that derive from contracts and catalogue, and draw the house
	$(BIN)/nianbao generate
	$(BIN)/sqlfmt --quiet dbt_project
	$(BIN)/python -m tests.lint.house

bench: .venv/dev.stamp .venv/user.stamp  ## Measure a city, a province and a release, and write docs/benchmark.md
	$(BIN)/python -m tests.bench city province release

lock: .venv/uv.stamp  ## Resolve the lock files anew (they hold no registry address)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements-dev.lock --group spark -o requirements-spark.lock

clean:           ## Forget everything that runs have written (archive, databases, Dagster's history)
	rm -rf warehouse/data

system-packages:
	@sh tests/system_packages.sh

.venv/uv.stamp:
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@touch $@

.venv/run.stamp: requirements.lock pyproject.toml | .venv/uv.stamp
	@echo "Installing (once) …"
	@test -e .venv/dev.stamp || $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@test -e .venv/dev.stamp || $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --editable .
	@$(BIN)/nianbao prepare
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml | .venv/uv.stamp
	@echo "Installing for tests (once) …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --editable .
	@touch $@ .venv/run.stamp

.venv/user.stamp: requirements.lock pyproject.toml | .venv/uv.stamp
	@echo "Installing as for a user (once) …"
	@$(BIN)/uv venv --quiet --clear .venv/user
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/user --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/user --no-deps --editable .
	@touch $@

.venv/spark.stamp: requirements-spark.lock | .venv/uv.stamp
	@echo "Installing Spark (once) …"
	@$(BIN)/uv venv --quiet --clear .venv/spark
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/spark --require-hashes -r requirements-spark.lock
	@touch $@
