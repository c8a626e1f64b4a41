# The first two commands do all the set-up: `make run`, `make test`. Needs Python 3.11+, pip and make.
PYTHON ?= python3
BIN := .venv/bin
YEARS := --year 2022 --year 2023
MEASURE ?= city profile

.DEFAULT_GOAL := help
# bytecode of the program too, as of the libraries: every command would make it anew where Python may not write it
unexport PYTHONDONTWRITEBYTECODE
COMPILED := $(BIN)/python -m compileall -q -j 2 -x warehouse/data sources warehouse orchestration
CHECKS := check-types check-generated check-sql check-style check-imports check-safety
.PHONY: help run test test-deep test-spark check $(CHECKS) audit ui desk format generate lock bench bundle sbom clean writers provider system-packages

help:            ## What there is to do
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 18

run: .venv/run.stamp  ## The yearly run on the sample submissions (2022 and 2023)
	@$(BIN)/nianbao sample $(YEARS)
	@$(BIN)/nianbao run $(YEARS)

test: .venv/dev.stamp system-packages  ## The tests, but for the deep ones and those on Spark
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

test-deep: .venv/dev.stamp .venv/postgres.stamp  ## Long plays, corpora, servers, series of kills and faults; fixed seeds
	@sh tests/system_packages.sh postgresql mail clamav
	@$(MAKE) --no-print-directory writers provider || echo "Not installed; the tests that need them will be skipped."
	@$(BIN)/pytest --numprocesses 2 --dist loadfile -m deep

test-spark: .venv/dev.stamp .venv/spark.stamp .venv/s3.stamp .venv/s3-server.stamp  ## On a Spark cluster of this machine: every value as on one machine
	@sh tests/system_packages.sh openjdk
	@$(BIN)/pytest -m spark tests/spark

check: .venv/dev.stamp  ## Format, lint, strict types, import rules, SQL for both engines, stale files and drawing, what bandit finds
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
	$(BIN)/python -m tests.lint.silence

check-imports:
	$(BIN)/lint-imports --no-cache

check-safety:
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive sources warehouse orchestration

audit: .venv/dev.stamp  ## Ask the package index for known weaknesses of what is installed (pip-audit), where it answers
	@$(BIN)/python -m orchestration.supply.known_weak requirements.lock

ui: .venv/run.stamp  ## Dagster's UI on http://127.0.0.1:3000
	@$(BIN)/nianbao ui

desk: .venv/run.stamp  ## The desk for schools and bureau on http://127.0.0.1:8000, with an account for each role
	@$(BIN)/nianbao desk --one-a-role

format: .venv/dev.stamp  ## Format Python and SQL
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/sqlfmt --quiet dbt_project

generate: .venv/dev.stamp  ## Write the files that derive from contracts and catalogue, and draw the house
	$(BIN)/nianbao generate
	$(BIN)/sqlfmt --quiet dbt_project
	$(BIN)/python -m tests.lint.house
	$(BIN)/python -m tests.declarations.mistakes

bench: .venv/dev.stamp .venv/user.stamp system-packages  ## Measure a city in ten minutes (MEASURE="waits province release" others), to docs/benchmark.md
	$(BIN)/python -m tests.bench $(MEASURE)

lock: .venv/uv.stamp  ## Resolve the lock files anew (they hold no registry address)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements-dev.lock --group spark -o requirements-spark.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.lock --group postgres -o requirements-postgres.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements-dev.lock --group s3 -o requirements-s3.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements-dev.lock -c requirements-s3.lock --group s3-server -o requirements-s3-server.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.lock --group bootstrap -o requirements-bootstrap.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -c requirements.lock --group analyst -o requirements-analyst.lock

bundle: .venv/run.stamp  ## Pack an installation for machines without a network, x86_64 and aarch64 (PYTHONS="3.11 3.12"), to build/
	@$(BIN)/python -m orchestration.supply.wheelhouse $(addprefix --python ,$(PYTHONS))

sbom: .venv/dev.stamp .venv/user.stamp  ## Write the bill of materials (CycloneDX) of what a user installs to build/
	@$(BIN)/python -m orchestration.supply.bill .venv/user/bin/python build/sbom.cdx.json

clean:           ## Forget everything that runs have written (archive, databases, Dagster's history)
	rm -rf warehouse/data

writers: .venv/writers.stamp  ## Programs that write workbooks, for the corpus (Node and Java must be there)

provider: .venv/provider.stamp  ## A provider of single sign-on, for the tests of the desk (Node must be there)

system-packages:
	@sh tests/system_packages.sh

.venv/uv.stamp: requirements-bootstrap.lock
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-bootstrap.lock
	@touch $@

.venv/run.stamp: requirements.lock pyproject.toml | .venv/uv.stamp
	@echo "Installing (once) …"
	@test -e .venv/dev.stamp || $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements.lock
	@test -e .venv/dev.stamp || $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps -b requirements-bootstrap.lock --editable .
	@$(COMPILED)
	@$(BIN)/nianbao prepare
	@touch $@

.venv/dev.stamp: requirements-dev.lock pyproject.toml | .venv/uv.stamp
	@echo "Installing for tests (once) …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps -b requirements-bootstrap.lock --editable .
	@$(COMPILED)
	@touch $@ .venv/run.stamp

.venv/user.stamp: requirements.lock pyproject.toml | .venv/uv.stamp
	@echo "Installing as for a user (once) …"
	@$(BIN)/uv venv --quiet --clear .venv/user
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/user --no-deps --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/user --no-deps -b requirements-bootstrap.lock --editable .
	@touch $@

.venv/postgres.stamp: requirements-postgres.lock .venv/run.stamp
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-postgres.lock
	@touch $@

.venv/s3.stamp: requirements-s3.lock .venv/run.stamp
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-s3.lock
	@touch $@

.venv/s3-server.stamp: requirements-s3-server.lock | .venv/uv.stamp
	@echo "Installing a server for tests (once) …"
	@$(BIN)/uv venv --quiet --clear .venv/s3
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/s3 --no-deps --require-hashes -r requirements-s3-server.lock
	@touch $@

.venv/analyst.stamp: requirements-analyst.lock .venv/run.stamp
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-analyst.lock
	@touch $@

.venv/writers.stamp: requirements-writers.lock tests/corpus/npm/package-lock.json | .venv/uv.stamp
	@echo "Installing programs that write workbooks (once) …"
	@$(BIN)/uv venv --quiet --clear .venv/writers
	@timeout 300 $(BIN)/uv pip install --quiet --python .venv/writers --no-deps --require-hashes -r requirements-writers.lock
	@cp tests/corpus/npm/package.json tests/corpus/npm/package-lock.json .venv/writers/
	@timeout 300 npm ci --prefix .venv/writers --silent --ignore-scripts --no-audit --no-fund
	@touch $@

.venv/provider.stamp: tests/desk/npm/package-lock.json tests/desk/npm/provider.mjs | .venv/uv.stamp
	@mkdir -p .venv/provider
	@cp tests/desk/npm/* .venv/provider/
	@timeout 300 npm ci --prefix .venv/provider --silent --ignore-scripts --no-audit --no-fund
	@touch $@

.venv/spark.stamp: requirements-spark.lock | .venv/uv.stamp
	@echo "Installing Spark (once) …"
	@$(BIN)/uv venv --quiet --clear .venv/spark
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venv/spark --no-deps --require-hashes -r requirements-spark.lock
	@touch $@
