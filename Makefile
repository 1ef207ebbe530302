# make run      a working Steward with demonstration data on http://127.0.0.1:8000
# make test     the whole test suite
# make soak     the crash tests in full, and 5,000 random diagrams: hundreds of kills, races and restarts; SOAK= picks tests
# make check    what a contributor runs before a commit: format, lint, types, tests
# make install  the set-up alone
# PORT=, HOST= and STEWARD_DATABASE_URL= override, TESTS= picks tests.

PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
TESTS ?= tests
SOAK ?= tests/crash tests/reference

BIN := .venv/bin
FRONTEND := web/frontend
# Node comes from the virtual environment, and trusts whom the machine trusts (a company's own certificate, say).
IN_FRONTEND := cd $(FRONTEND) && PATH="$(CURDIR)/$(BIN):$$PATH" NODE_USE_SYSTEM_CA=1
ASSETS := web/static/build/.made
SOURCES := $(wildcard $(FRONTEND)/*.js $(FRONTEND)/*.mjs $(FRONTEND)/*.css $(FRONTEND)/styles/*.css) $(FRONTEND)/package-lock.json
CATALOGUES := $(wildcard web/translations/*/LC_MESSAGES/*.po)

.DELETE_ON_ERROR:
.PHONY: install install-dev run test soak lint check format lock docs screenshots translations clean system-packages

install: .venv/.installed $(ASSETS) .venv/.translated

install-dev: install .venv/.installed-dev

run: install
	@exec $(BIN)/steward up processes --host $(HOST) --port $(PORT)

test: install-dev
	$(BIN)/python -m pytest -n auto --dist loadfile $(TESTS)

# One test after the other: each starts processes of its own. What a test counted is told at the end.
soak: install-dev
	STEWARD_SOAK=1 $(BIN)/python -m pytest --durations=0 --no-header --tb=short $(SOAK)

lint: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Texts of the pages that are new come to the catalogue, empty, to be translated; what is gone goes.
translations: install
	@mkdir -p var
	$(BIN)/pybabel --quiet extract -F web/translations/babel.toml -k lazy_gettext --no-location --sort-output -o var/messages.pot web
	$(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date -i var/messages.pot -d web/translations

# The table and the examples of the manual from the models that the tests play, and the page of the clauses from the READMEs of the processes.
docs: install-dev
	$(BIN)/python docs/promises.py
	$(BIN)/python docs/sop.py

screenshots: install-dev
	$(BIN)/python docs/screenshots.py

lock: install-dev
	$(BIN)/uv pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --no-emit-index-url requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --universal --generate-hashes --python-version 3.11 --no-emit-index-url requirements-dev.in -o requirements-dev.txt
	$(IN_FRONTEND) npm install --package-lock-only --ignore-scripts --no-audit --no-fund

clean:
	rm -rf .venv build *.egg-info $(FRONTEND)/node_modules web/static/build .mypy_cache .pytest_cache .ruff_cache

# What the machine itself must bring. A missing package is named with the line that installs it.
system-packages:
	@command -v $(PYTHON) >/dev/null || { echo "Expected python3, but it is not installed. Install it with: sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Expected Python 3.11 or later, but $(PYTHON) is $$($(PYTHON) --version 2>&1). Install one with: sudo apt install python3.11 python3.11-venv, then: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Expected Python's venv module, but it is not installed. Install it with: sudo apt install python3-venv" >&2; exit 1; }

.venv/bin/python:
	@$(MAKE) --no-print-directory system-packages
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(FRONTEND)/node_modules/.package-lock.json: $(FRONTEND)/package-lock.json $(FRONTEND)/.npmrc | .venv/.installed
	$(IN_FRONTEND) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(ASSETS): $(SOURCES) $(FRONTEND)/node_modules/.package-lock.json
	$(IN_FRONTEND) node build.mjs
	@touch $@

.venv/.translated: $(CATALOGUES) | .venv/.installed
	@[ -z "$(CATALOGUES)" ] || $(BIN)/pybabel --quiet compile -d web/translations
	@touch $@
