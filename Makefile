# `make demo` and `make test` need python3 (3.10 or later, with venv) and make; everything else they bring themselves.
# Each stamp in .venv says that a set of packages is installed, so a second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
PINS := constraints/py3.txt
PYTEST := $(BIN)/python -m pytest -n 2 --dist load --maxschedchunk 1

# What runs on Python 3.6, and what runs on 2.7 too.
CLIENT := $(filter-out %/__main__.py,$(wildcard src/tencentserverless/*.py)) \
	$(addprefix src/tencentserverless/,_failures _functions _protocol _settings _transport pytest_plugin)
WORKER := $(addprefix src/tencentserverless/local/worker/,bootstrap.py debugger.py python27.py redirect.py \
	python_path/sitecustomize.py)

# The example, and the key pair that is printed in its code.
EXAMPLE := examples/cross-region-chain
EXAMPLE_KEYS := AKIxxxxxxxxxxxxxxxxxxxxxxggB4Sa:3vZzxxxxxxxxxxxaeTC

.PHONY: demo test fuzz lint bench soak docs pins clean

demo: $(VENV)/.local
	@PATH="$(CURDIR)/$(BIN):$$PATH" tencentserverless local exec $(EXAMPLE) --accept $(EXAMPLE_KEYS) -- sh $(EXAMPLE)/demo.sh

test: $(VENV)/.dev
	$(PYTEST) $(ARGS)

fuzz: $(VENV)/.dev
	$(PYTEST) -m fuzz --timeout 3600 --examples $(or $(EXAMPLES),20000) $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/vermin --quiet --violations --no-tips --eval-annotations --target=3.6- $(CLIENT)
	$(BIN)/vermin --quiet --violations --no-tips --target=2.7- --target=3.6- $(WORKER)
	$(BIN)/mypy
	$(BIN)/basedpyright
	PATH="$(CURDIR)/$(BIN):$$PATH" python tools/verify_types.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/invoke.py
	$(BIN)/python benchmarks/far.py
	$(BIN)/python benchmarks/concurrency.py
	$(BIN)/python benchmarks/local.py
	$(BIN)/python benchmarks/cli.py
	$(BIN)/python benchmarks/plugin.py

soak: $(VENV)/.dev
	$(BIN)/python benchmarks/soak.py $(SECONDS)
	$(BIN)/python benchmarks/held.py
	$(BIN)/python benchmarks/kills.py $(TIMES)
	$(BIN)/python benchmarks/interruptions.py
	$(BIN)/python benchmarks/forks.py
	$(BIN)/python benchmarks/resumed.py $(EVENTS)

docs: $(VENV)/.dev
	$(BIN)/python tools/reference.py
	$(BIN)/python tools/command_line.py
	$(PYTEST) tests/house/test_docs.py $(ARGS)

# The virtual environment and what is in it.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "python3 is older than 3.10: name a newer one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.local: $(VENV)/.made setup.cfg constraints/local.in $(PINS)
	$(PIP) install -c $(PINS) setuptools wheel
	$(PIP) install -c $(PINS) -r constraints/local.in --no-build-isolation -e '.[local]'
	@touch $@

$(VENV)/.dev: $(VENV)/.local constraints/dev.in constraints/test.in
	$(PIP) install -c $(PINS) -r constraints/dev.in
	@touch $@

$(VENV)/.lint: $(VENV)/.dev constraints/lint.in
	$(PIP) install -c $(PINS) -r constraints/lint.in
	@touch $@

# Newest versions of everything, written into constraints/: what fits Python 3.6 and so on is found by uv.

UV_COMPILE := $(BIN)/uv pip compile --quiet --upgrade --no-header --no-annotate

pins: $(VENV)/.dev
	$(UV_COMPILE) --python-version 3.6 constraints/test.in -o constraints/py36.txt
	$(UV_COMPILE) --python-version 3.7 constraints/test.in -o constraints/py37.txt
	$(UV_COMPILE) --python-version 3.8 constraints/test.in -o constraints/py39.txt
	$(UV_COMPILE) --universal --python-version 3.10 constraints/dev.in constraints/lint.in constraints/local.in -o $(PINS)

clean:
	rm -rf $(VENV) .cache build dist
