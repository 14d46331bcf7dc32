# Every target makes the environment it needs: Python >= 3.11, make and the package registries are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Trust what the system trusts, as pip does: many offices reach the registries through a proxy with its own certificate.
export UV_SYSTEM_CERTS := true

.PHONY: venv demo test check bench fmt lock sbom assets generate clean

# The hub's own modules are compiled as an installed package's are: a command imports hundreds of them.
venv: $(VENV)/.installed
	@$(BIN)/python -m compileall -q hub schema connectors

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	# Compiled once: a command of the hub then starts in a second, also where Python may not write what it compiles.
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: venv
	$(BIN)/hub demo $(ARGS)

# Two test processes per core (tests/conftest.py): each has a PostgreSQL server and a demonstration of its own, copied from what the
# first one made. A file stays in one process, so its fixtures are made once. Compiled first: tests start the hub a hundred times, and
# every process loads every test.
test: venv
	@bash tests/install_packages.sh
	@$(BIN)/python -m compileall -q tests
	$(BIN)/python -m tests.compile_tests
	$(BIN)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hub schema check

bench: venv $(VENV)/.bench
	$(BIN)/python -m tests.bench

$(VENV)/.bench: $(VENV)/.installed requirements-bench.lock
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@touch $@

fmt: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: venv
	$(BIN)/hub schema export

LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header
lock:
	test -x $(UV) || { $(PYTHON) -m venv $(VENV); $(BIN)/python -m pip install --quiet uv; }
	$(LOCK) --group dev --all-extras pyproject.toml -o requirements-dev.lock
	$(LOCK) --extra all pyproject.toml -c requirements-dev.lock -o requirements.lock
	$(LOCK) --group dev --group bench --all-extras pyproject.toml -c requirements-dev.lock -o requirements-bench.lock
	$(LOCK) tests/bench/pseudopeople/requirements.in -o tests/bench/pseudopeople/requirements.lock

# What the image has, from an environment made as the Dockerfile makes it: names, versions, licences, dependencies.
SBOM := dist/sbom.cdx.json
RUNTIME := dist/runtime
sbom: venv
	$(UV) venv --quiet --clear --python $(BIN)/python $(RUNTIME)
	$(UV) pip install --quiet --python $(RUNTIME)/bin/python --require-hashes -r requirements.lock
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible --spec-version 1.6 -o $(SBOM) $(RUNTIME)/bin/python
	rm -rf $(RUNTIME)

assets: venv
	cd hub/web/graphiql && export PATH="$(CURDIR)/$(BIN):$$PATH" && npm ci && npm run build

clean:
	rm -rf $(VENV) .hub .mypy_cache .ruff_cache .pytest_cache .hypothesis
