# Every target installs what it needs; a bare machine needs python3, make and a C toolchain.
# PYTHON chooses another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLATFORM := $(shell uname -s | tr A-Z a-z)-$(shell uname -m)
DIST := dist/$(PLATFORM)
# The Airflow for airflow-test, and those for conformance.
AIRFLOW ?= 3.3.2
AIRFLOWS := 3.3.2 3.4.0b2
# The tests in a whole Airflow. They share one Airflow; the last file ends it.
E2E := $(addprefix tests/e2e/,test_tasks.py test_bundles.py test_waits.py test_leftovers.py)
# Bundles that only tests under a real Airflow use.
TEST_DIST := .cache/bundles/$(PLATFORM)
TEST_BUNDLES := demo newer unregistered
BUNDLES := $(notdir $(patsubst %/pyproject.toml,%,$(wildcard bundles/*/pyproject.toml)))
# What only benchmarks run.
BENCH := .cache/bench
BENCH_FILES := $(addprefix $(BENCH)/,small heavy one-file/small stock/small stock/weather)
# The folders of the package.
PACKAGE := src/dagfloe runtime cli build
# What goes into a bundle file, beside its own sources: a change in it makes every bundle file stale.
SOURCES := pyproject.toml $(shell find $(PACKAGE) -name '*.py') build/launcher/launcher
PYTEST := $(BIN)/python -m pytest

# A warning about the launcher fails what `make` builds: see build/launcher/compile.py.
export DAGFLOE_LAUNCHER_STRICT := 1

.DEFAULT_GOAL := help
.PHONY: help install demo dist test-bundles messages test check browser-test airflow airflow-compare airflow-e2e airflow-pictures airflow-readme airflow-test conformance newcomer bench bench-quick deaths docs reproducible clean

help: ## Show the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

# The stamp carries the interpreter's version: with another PYTHON the environment is made anew.
STAMP := $(VENV)/.installed-$(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')

install: $(STAMP) ## Make the development environment in .venv

$(STAMP): pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Playwright is large, and few targets need it.
BROWSER := $(STAMP)-browser
$(BROWSER): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[browser]'
	touch $@

build/launcher/launcher: $(wildcard build/launcher/*.[ch] build/launcher/compile.py)
	$(PYTHON) build/launcher/compile.py

dist: $(addprefix $(DIST)/,$(BUNDLES)) ## Build every bundle of bundles/ to dist/<os>-<arch>/

# The tool itself knows better than time stamps whether a file is up to date; touch tells Make.
.SECONDEXPANSION:
$(DIST)/%: $(SOURCES) $$(shell find bundles/$$* -type f -not -path '*/__pycache__/*') | $(STAMP)
	$(BIN)/dagfloe build bundles/$* --output $(DIST) && touch -c $@

$(TEST_DIST)/%: $(SOURCES) $$(shell find tests/demo/$$* -type f -not -path '*/__pycache__/*') | $(STAMP)
	$(BIN)/dagfloe build tests/demo/$* --output $(TEST_DIST) && touch -c $@

test-bundles: $(addprefix $(TEST_DIST)/,$(TEST_BUNDLES))

demo: $(DIST)/weather ## Build the weather bundle and run its whole Dag, without an Airflow
	$(BIN)/dagfloe run $(DIST)/weather --conn weather_db=sqlite://$(shell printf %s "$(CURDIR)/$(DIST)/weather.db" | sed 's|/|%2F|g')

newcomer: ## Type what a newcomer would, in a home of their own, and print the seconds of each step
	PYTHON=$(PYTHON) tests/newcomer.sh

messages: $(STAMP) ## Make the message types and the table of requests from schemas/
	$(BIN)/python schemas/generate.py

test: dist ## Run the tests, frozen files included, and report the coverage of runtime/
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m 'not airflow and not browser'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(BROWSER) ## Run ruff, clang-format, mypy, import-linter, codespell and the word list of the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror build/launcher/*.[ch] tests/build/launcher/*.c
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy -p dagfloe
	$(BIN)/mypy tests schemas benchmarks bundles/hello bundles/orders
	$(BIN)/codespell
	$(PYTEST) -q tests/docs/test_prose.py

browser-test: docs $(DIST)/weather $(BROWSER) ## Look at the report of a Dag run, and at the documentation, in a headless Chromium
	@command -v chromium > /dev/null || { echo "chromium is missing: apt-get install chromium" >&2; exit 1; }
	$(PYTEST) -m browser tests/browser

airflow: dist .venvs/airflow-$(AIRFLOW)/.installed .cache/for-airflow/.installed ## Run Airflow, AIRFLOW=3.3.2, with the example bundles, for you to look at, until Ctrl-C
	@env PYTHONPATH=tests $(BIN)/python -m e2e $(AIRFLOW) $(DIST) .cache/for-airflow

# As docs/how-to/deploying-dags.md says, but beside the environments of Airflow, which other targets want without it.
.cache/for-airflow/.installed: pyproject.toml hatch_build.py $(shell find $(PACKAGE) -name '*.py') | $(STAMP)
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(@D) .
	touch $@

airflow-e2e: build/launcher/launcher .venvs/airflow-$(AIRFLOW)/.installed .cache/for-airflow/.installed | $(STAMP) ## Run tests of bundles in a whole Airflow, AIRFLOW=3.3.2, in two minutes
	DAGFLOE_AIRFLOW_VERSION=$(AIRFLOW) $(PYTEST) -m airflow -v $(E2E)

# PUBLISH=--publish puts the pictures of the documentation into docs/assets, too.
airflow-pictures: $(BROWSER) $(DIST)/orders .venvs/airflow-$(AIRFLOW)/.installed .cache/for-airflow/.installed ## Draw the web page of an Airflow, AIRFLOW=3.3.2, in which bundles ran, to .cache/screenshots, and check what it shows
	@command -v chromium > /dev/null || { echo "chromium is missing: apt-get install chromium" >&2; exit 1; }
	$(BIN)/dagfloe build tests/demo/demo --output .cache/e2e/files/demo --quiet
	@env PYTHONPATH=tests $(BIN)/python -m e2e.pictures $(AIRFLOW) .cache/for-airflow $(DIST)/orders .cache/e2e/files/demo/demo $(PUBLISH)

# PUBLISH=docs/evidence/comparison.md writes the table into that page.
airflow-compare: $(BENCH)/small .venvs/airflow-$(AIRFLOW)/.installed .cache/for-airflow/.installed ## Measure a small task in a whole Airflow, AIRFLOW=3.3.2: bundle, ordinary task, two operators
	@env PYTHONPATH=tests $(BIN)/python -m e2e.compare $(AIRFLOW) $(BENCH)/small .cache/for-airflow $(PUBLISH:%=--publish %)

airflow-readme: .venvs/airflow-3.3.2/.installed $(STAMP) ## Type the README's way to a task's log, in a home and an Airflow of its own
	PYTHONPATH=tests $(BIN)/python -m e2e.readme

airflow-test: dist test-bundles $(patsubst %,.venvs/airflow-%/.installed,$(sort $(AIRFLOW) $(AIRFLOWS))) ## Run bundles under the real supervisor of AIRFLOW, 3.3.2, and read stub Dags with all AIRFLOWS
	DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/.venvs/airflow-$(AIRFLOW)/bin/python $(PYTEST) -m airflow tests/airflow \
		--ignore tests/airflow/test_conformance.py --ignore tests/airflow/test_stubs.py \
		--ignore tests/airflow/test_docs_blocks.py
	$(foreach each,$(AIRFLOWS),DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/.venvs/airflow-$(each)/bin/python \
		$(PYTEST) -m airflow tests/airflow/test_stubs.py tests/airflow/test_docs_blocks.py &&) true

# CHECK=--check compares the page with the results instead of writing it.
conformance: test-bundles $(AIRFLOWS:%=.venvs/airflow-%/.installed) ## Show what each supported Airflow's supervisor can do
	$(foreach each,$(AIRFLOWS),DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/.venvs/airflow-$(each)/bin/python \
		DAGFLOE_CONFORMANCE=.cache/conformance/$(each).json $(PYTEST) -m airflow tests/airflow/test_conformance.py &&) true
	PYTHONPATH=tests $(BIN)/python -m support.conformance_page $(CHECK) $(AIRFLOWS:%=.cache/conformance/%.json)

bench: $(BENCH_FILES) $(DIST)/weather .venvs/airflow-3.3.2/.installed ## Measure everything, 10 minutes, and write docs/evidence/benchmarks.md
	$(BIN)/python -m benchmarks.run --publish

# PUBLISH=--publish writes the page from these few rounds.
bench-quick: $(BENCH_FILES) $(DIST)/weather .venvs/airflow-3.3.2/.installed ## The same with few rounds, 3 minutes, only printed
	$(BIN)/python -m benchmarks.run --quick $(PUBLISH)

$(BENCH)/stock/%: $(SOURCES) benchmarks/stock.py $$(wildcard benchmarks/bundles/$$*/*.* bundles/$$*/*.* bundles/$$*/$$*/*.*) | $(STAMP)
	$(BIN)/python -m benchmarks.stock $(firstword $(wildcard benchmarks/bundles/$* bundles/$*)) --output $(@D)

$(BENCH)/one-file/%: $(SOURCES) $$(wildcard benchmarks/bundles/$$*/*.*) | $(STAMP)
	$(BIN)/dagfloe build benchmarks/bundles/$* --output $(@D) --one-file && touch -c $@

$(BENCH)/%: $(SOURCES) $$(wildcard benchmarks/bundles/$$*/*.*) | $(STAMP)
	$(BIN)/dagfloe build benchmarks/bundles/$* --output $(@D) && touch -c $@

reproducible: $(STAMP) build/launcher/launcher ## Build every bundle twice, at other times and places, and compare the files
	PYTHONPATH=tests $(BIN)/python -m support.reproducible $(BUNDLES:%=bundles/%)

deaths: dist ## Let bundle files die in every way, 20 times each, and write docs/evidence/deaths.md
	DAGFLOE_TIMES=20 DAGFLOE_TABLES=.cache/deaths.json $(PYTEST) tests/frozen/test_deaths.py tests/frozen/test_first_starts.py
	PYTHONPATH=tests $(BIN)/python -m support.deaths_page .cache/deaths.json

docs: .venvs/docs/.installed ## Build the documentation to .cache/site/index.html
	NO_MKDOCS_2_WARNING=1 .venvs/docs/bin/mkdocs build --strict --quiet

.venvs/docs/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

.venvs/airflow-%/.installed:
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check 'apache-airflow==$*'
	touch $@

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) .venvs dist .cache .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
