# Each target makes its own environment in .venv; python3 and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := auroraml cli tests tools benchmarks setup.py

.PHONY: demo test check oracle soak bench wheel trained-wheel clean

demo: $(VENV)/.run
	@$(BIN)/python -m auroraml_cli.demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

oracle: $(VENV)/.dev
	$(BIN)/python -m pytest tests/golden tests/property/test_psql.py --oracle

soak: $(VENV)/.dev
	$(BIN)/python -m pytest tests/golden tests/property tests/architecture/test_compiled.py --soak -n 2

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run

# With planner and operators compiled by mypyc; needs a C compiler. `pip install` from source needs none and compiles nothing.
wheel: $(VENV)/.dev
	AURORAML_COMPILE=1 $(BIN)/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist .

# The same with GCC, built twice: the second time by what the first one did over the golden files. Planning is some percent faster.
trained-wheel: $(VENV)/.dev
	$(BIN)/python tools/trained_wheel.py

$(VENV)/.base: pyproject.toml
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/.run: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --editable '.[ml]'
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --editable '.[dev,bench]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
