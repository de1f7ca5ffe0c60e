# Each target makes its own environment in .venv; python3 and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := auroraml cli tests tools benchmarks

.PHONY: demo test check oracle soak bench clean

demo: $(VENV)/.run
	@$(BIN)/python -m auroraml_cli.demo

test: $(VENV)/.test
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

oracle: $(VENV)/.dev
	$(BIN)/python -m pytest tests/golden tests/property/test_psql.py --oracle

soak: $(VENV)/.dev
	$(BIN)/python -m pytest tests/golden tests/property --soak -n 2

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run

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
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
