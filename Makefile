# Every target installs what it needs; a bare machine needs python3, make and a C toolchain.
# PYTHON chooses another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLATFORM := $(shell uname -s | tr A-Z a-z)-$(shell uname -m)
DIST := dist/$(PLATFORM)
AIRFLOW ?= 3.3.2
AIRFLOW_VENV := .venvs/airflow-$(AIRFLOW)
BUNDLES := $(notdir $(patsubst %/pyproject.toml,%,$(wildcard bundles/*/pyproject.toml)))
# What goes into a bundle file, beside its own sources: a change in it makes every bundle file stale.
SOURCES := pyproject.toml $(wildcard sdk/*.py runtime/*.py cli/*.py build/*.py)
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help install demo dist messages test check airflow-test clean

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

# The stamp carries the interpreter's version: with another PYTHON the environment is made anew.
STAMP := $(VENV)/.installed-$(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')

install: $(STAMP) ## Make the development environment in .venv

$(STAMP): pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

dist: $(addprefix $(DIST)/,$(BUNDLES)) ## Build every bundle of bundles/ to dist/<os>-<arch>/

.SECONDEXPANSION:
$(DIST)/%: $(SOURCES) $$(shell find bundles/$$* -type f -not -path '*/__pycache__/*') | $(STAMP)
	$(BIN)/dagfloe build bundles/$* --output $(DIST)

demo: $(DIST)/weather ## Build the weather bundle and run its whole Dag, without an Airflow
	$(BIN)/dagfloe run $(DIST)/weather --conn weather_db=sqlite://$(shell printf %s "$(CURDIR)/$(DIST)/weather.db" | sed 's|/|%2F|g')

messages: $(STAMP) ## Make the message types and the table of requests from schemas/
	$(BIN)/python schemas/generate.py

test: dist ## Run the tests, frozen files included, and report the coverage of runtime/
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m 'not airflow'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(STAMP) ## Run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p dagfloe
	$(BIN)/mypy tests schemas bundles/hello

airflow-test: dist $(AIRFLOW_VENV)/.installed ## Run the frozen bundles under the real supervisor of Airflow 3.3.2
	DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/$(AIRFLOW_VENV)/bin/python $(PYTEST) -m airflow tests/airflow

$(AIRFLOW_VENV)/.installed:
	$(PYTHON) -m venv --clear $(AIRFLOW_VENV)
	$(AIRFLOW_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'apache-airflow==$(AIRFLOW)'
	touch $@

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) .venvs dist .cache .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
