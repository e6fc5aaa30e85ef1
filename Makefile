# Every target installs what it needs. A bare machine needs python3 with venv, make, a C compiler and a static C library.
# PYTHON selects another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# The exact versions of the development environments, with the digests of their files: pip refuses every other file.
PINS := .ci/requirements
PINNED := --require-hashes --no-deps --requirement
OURSELVES := --no-deps --no-build-isolation --editable .
EXTRAS := dev browser docs audit fuzz mutation packages wheels pythons release lint
# Most environments have Python 3.11 or newer.
PYTHON_OF_pythons := 3.10
# Extras that are installed into the environment of another one have its versions.
EXTRAS_OF_browser := dev
EXTRAS_OF_fuzz := dev
PYTEST := $(BIN)/python -m pytest
# Our own test programs are modules below tests/.
RUN_TESTS_MODULE := PYTHONPATH=tests $(BIN)/python -m

# The Airflow of most targets, and the ones whose supervisors are tested.
AIRFLOW ?= 3.3.2
AIRFLOWS := 3.3.2 3.4.0b2
AIRFLOW_INSTALLED = .venvs/airflow-$(AIRFLOW)/.installed
AIRFLOWS_INSTALLED = $(AIRFLOWS:%=.venvs/airflow-%/.installed)
# The Airflow whose serialized Dags native Dags are compared with.
NATIVE_AIRFLOW := .venvs/airflow-3.4.0b2/.installed
# dagfloe alone, for an Airflow that already has its dependencies.
FOR_AIRFLOW := .cache/for-airflow
FRAMES := .cache/frames
# The tests in a complete Airflow. They share one Airflow; the last file stops it.
E2E := $(addprefix tests/e2e/,test_tasks.py test_bundles.py test_waits.py test_native_dags.py \
	test_native_options.py test_leftovers.py)

# Bundle files: the examples, those for tests under a real Airflow, and those for benchmarks.
PLATFORM := $(shell uname -s | tr A-Z a-z)-$(shell uname -m)
BUNDLES := $(notdir $(patsubst %/pyproject.toml,%,$(wildcard bundles/*/pyproject.toml)))
DIST := dist/$(PLATFORM)
TEST_BUNDLES := demo native newer traps unregistered values
TEST_DIST := .cache/bundles/$(PLATFORM)
BENCH := .cache/bench
BENCH_FILES := $(addprefix $(BENCH)/,small heavy native at-parse thousand one-file/small stock/small stock/weather \
	adopted/virtualenv-cached)

RELEASE := dist/release
WORKFLOWS := $(wildcard .github/workflows/*.yml) docs/recipes/bundle.yml

# The package's folders, and the files that a bundle file contains or depends on, in addition to its own sources.
PACKAGE := src/dagfloe runtime cli build
PACKAGE_SOURCES := $(shell find $(PACKAGE) -name '*.py')
LAUNCHER := build/launcher/launcher
C_FILES := $(wildcard build/launcher/*.[ch] tests/build/launcher/*.c tests/fuzz/launcher/*.c)
SOURCES := pyproject.toml $(PACKAGE_SOURCES) $(LAUNCHER)

# A compiler warning about the launcher fails the build: see build/launcher/compile.py.
export DAGFLOE_LAUNCHER_STRICT := 1

.DEFAULT_GOAL := help
.SECONDEXPANSION:
.PHONY: help install pins audit check test browser-test docs newcomer demo dist wheels wheels-test release release-version workflows pythons test-bundles reproducible messages trust grid soak mutation fuzz native-fuzz packages packages-quick clean \
	adopt-corpus adopt-corpus-quick airflow airflow-cluster airflow-cluster-quick airflow-cluster-throughput airflow-test airflow-e2e airflow-readme airflow-pictures airflow-compare airflow-pod conformance deaths bench bench-quick

help:
	@sed -n 's/^## \([a-z0-9-]*\): \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

# Development

# The stamp has the interpreter's version in its name, so that another PYTHON creates a new environment.
STAMP := $(VENV)/.installed-$(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
# Playwright is large, and few targets need it.
BROWSER := $(STAMP)-browser

## install: Create the development environment in .venv
install: $(STAMP)

$(STAMP): pyproject.toml $(PINS)/dev.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python $(PIP_INSTALL) $(PINNED) $(PINS)/dev.txt
	$(BIN)/python $(PIP_INSTALL) $(OURSELVES)
	touch $@

$(BROWSER): $(STAMP) $(PINS)/browser.txt
	$(BIN)/python $(PIP_INSTALL) $(PINNED) $(PINS)/browser.txt
	touch $@

# UPGRADE=--upgrade takes the newest versions that pyproject.toml allows.
## pins: Write the versions and hashes of everything that the development environments contain to .ci/requirements
pins: .venvs/pins/.installed
	$(foreach extra,$(EXTRAS),.venvs/pins/bin/uv pip compile --quiet --universal --python-version $(or $(PYTHON_OF_$(extra)),3.11) --generate-hashes \
		--no-emit-index-url --no-annotate --no-header $(UPGRADE) $(addprefix --extra ,$(EXTRAS_OF_$(extra)) $(extra)) \
		--output-file $(PINS)/$(extra).txt pyproject.toml &&) true

.venvs/pins/.installed: pyproject.toml
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) 'uv>=0.9'
	touch $@

## audit: Look up known vulnerabilities of everything that the development environments contain
audit: .venvs/audit/.installed $(STAMP)
	$(RUN_TESTS_MODULE) support.audit .venvs/audit/bin/pip-audit $(EXTRAS:%=$(PINS)/%.txt)

.venvs/audit/.installed: $(PINS)/audit.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/audit.txt
	touch $@

$(LAUNCHER): $(wildcard build/launcher/*.[ch]) build/launcher/compile.py
	$(PYTHON) build/launcher/compile.py

## check: Check style, layout, types, import rules, spelling and the words of the documentation
check: $(BROWSER)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy -p dagfloe
	$(BIN)/mypy tests schemas benchmarks bundles/hello bundles/orders
	$(BIN)/codespell
	$(PYTEST) -q tests/docs/test_prose.py

## test: Run the tests, including those of frozen files, and check the coverage of every package
test: dist $(NATIVE_AIRFLOW)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m 'not airflow and not browser and not wheels' --ignore tests/browser
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet
	$(RUN_TESTS_MODULE) support.package_coverage .cache/coverage.json

## browser-test: Test the report of a Dag run and the documentation in a headless Chromium
browser-test: docs $(DIST)/weather $(BROWSER) | chromium
	$(PYTEST) -m browser tests/browser

.PHONY: chromium
chromium:
	@command -v chromium > /dev/null || { echo "chromium is missing: apt-get install chromium" >&2; exit 1; }

## docs: Build the documentation to .cache/site/index.html
docs: .venvs/docs/.installed
	NO_MKDOCS_2_WARNING=1 .venvs/docs/bin/mkdocs build --strict --quiet

.venvs/docs/.installed: pyproject.toml $(PINS)/docs.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/docs.txt
	$(@D)/bin/python $(PIP_INSTALL) $(OURSELVES)
	touch $@

## newcomer: Follow a newcomer's steps in a home folder of their own, and print the seconds of each step
newcomer:
	PYTHON=$(PYTHON) tests/newcomer.sh

## messages: Generate the message types and the table of requests from schemas/
messages: $(STAMP)
	$(BIN)/python schemas/generate.py

## clean: Remove everything that was built or installed in this folder
clean:
	rm -rf $(VENV) .venvs dist .cache .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache $(LAUNCHER)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# dagfloe's own distributions

WHEELS := dist/wheels
ARCHITECTURES := x86_64 aarch64

## wheels: Build dagfloe's wheels for all platforms, and its sdist, to dist/wheels
wheels: .venvs/wheels/.installed
	rm -rf $(WHEELS)
	$(foreach architecture,$(ARCHITECTURES),DAGFLOE_WHEEL_FOR=$(architecture) .venvs/wheels/bin/python -m hatchling build \
		-t wheel -d $(WHEELS) &&) true
	.venvs/wheels/bin/python -m hatchling build -t sdist -d $(WHEELS)

## wheels-test: Test what `make wheels` has built, the launchers of other processors under qemu-user
wheels-test: wheels | $(STAMP)
	$(PYTEST) tests/wheels
	DAGFLOE_TEST_WHEEL=$(wildcard $(WHEELS)/*_$(shell uname -m).whl) $(PYTEST) \
		$(addprefix tests/build/launcher/,test_launcher.py test_waiting_launcher.py test_hostile_hosts.py)

.venvs/wheels/.installed: $(PINS)/wheels.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/wheels.txt
	touch $@

## release: Put everything that a release publishes into dist/release: wheels, sdist, SBOM and checksums
release: wheels .venvs/release/.installed
	rm -rf $(RELEASE)
	mkdir -p $(RELEASE)
	cp $(WHEELS)/* $(RELEASE)
	$(PYTHON) -m venv --clear .venvs/released
	.venvs/released/bin/python $(PIP_INSTALL) $(RELEASE)/*_$(shell uname -m).whl
	.venvs/released/bin/python -m pip uninstall --quiet --yes setuptools pip
	.venvs/release/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
		--spec-version 1.6 --output-format JSON --output-file $(RELEASE)/dagfloe.cdx.json .venvs/released
	cd $(RELEASE) && sha256sum -- * > SHA256SUMS

.venvs/release/.installed: $(PINS)/release.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/release.txt
	touch $@

# TAG is the name of a Git tag, such as v1.2.3.
## release-version: Check that TAG=v1.2.3 names the version of dagfloe
release-version:
	@version=$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' src/dagfloe/_version.py); \
		[ "$(TAG)" = "v$$version" ] || { echo "the tag $(TAG) is not v$$version" >&2; exit 1; }

## workflows: Check the workflows of GitHub, the container files and the Kubernetes manifests, also those in the documentation
workflows: .venvs/lint/.installed $(STAMP)
	.venvs/lint/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	.venvs/lint/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	.venvs/lint/bin/zizmor --quiet --offline --config .github/zizmor.yml .github $(WORKFLOWS)
	.venvs/lint/bin/hadolint docs/recipes/Containerfile
	$(RUN_TESTS_MODULE) support.manifests .venvs/lint/bin/kubernetes-validate

.venvs/lint/.installed: $(PINS)/lint.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/lint.txt
	touch $@

# Bundle files. `dagfloe build` knows whether a file is up to date; touch lets make know it, too.

## dist: Build the example bundles to dist/<os>-<arch>/
dist: $(addprefix $(DIST)/,$(BUNDLES))

$(DIST)/%: $(SOURCES) $$(shell find bundles/$$* -type f -not -path '*/__pycache__/*') | $(STAMP)
	$(BIN)/dagfloe build bundles/$* --output $(DIST) && touch -c $@

test-bundles: $(addprefix $(TEST_DIST)/,$(TEST_BUNDLES))

$(TEST_DIST)/%: $(SOURCES) $$(shell find tests/demo/$$* -type f -not -path '*/__pycache__/*') | $(STAMP)
	$(BIN)/dagfloe build tests/demo/$* --output $(TEST_DIST) && touch -c $@

## demo: Build the weather bundle and run its whole Dag, without Airflow
demo: $(DIST)/weather
	$(BIN)/dagfloe run $(DIST)/weather --conn weather_db=sqlite://$(shell printf %s "$(CURDIR)/$(DIST)/weather.db" | sed 's|/|%2F|g')

## reproducible: Build every bundle twice, at different times and in different folders, and compare the files
reproducible: $(STAMP) $(LAUNCHER)
	$(RUN_TESTS_MODULE) support.reproducible $(BUNDLES:%=bundles/%)

## trust: Produce every fault of the matrix, frozen and unfrozen, and write docs/evidence/reliability.md
trust: dist
	DAGFLOE_TABLES=$(CURDIR)/.cache/trust.json $(PYTEST) tests/trust
	$(RUN_TESTS_MODULE) trust.page

## grid: Combine every failure with every moment, frozen and unfrozen, for .cache/grid.json; make trust shows the results
grid: dist
	DAGFLOE_GRID=$(CURDIR)/.cache/grid.json $(PYTEST) tests/trust/test_grid.py

## soak: Run 10,000 tasks in a row, 200 at once, and 1,000 under Airflow's own supervisor; make trust shows the results
soak: $(BENCH)/small .venvs/airflow-3.3.2/.installed
	$(RUN_TESTS_MODULE) trust.soak $(BENCH)/small .venvs/airflow-3.3.2/bin/python

# MODULES selects some of tests/mutation/modules.toml.
## mutation: Change runtime/ and the readers of bundle files, one operator at a time, and run their tests; takes hours
mutation: $(STAMP) .venvs/mutation/.installed
	$(RUN_TESTS_MODULE) mutation.campaign $(CURDIR)/.venvs/mutation/bin $(MODULES)

.venvs/mutation/.installed: $(PINS)/mutation.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/mutation.txt
	touch $@

# RUNS is the number of inputs for each target. TARGETS selects some of tests/fuzz/targets.py and tests/fuzz/launcher.
RUNS := 1000000
## fuzz: Fuzz everything that reads bytes, RUNS=1000000 inputs each, and write docs/evidence/fuzzing.md
fuzz: $(STAMP) .venvs/fuzz/.installed
	$(RUN_TESTS_MODULE) fuzz.campaign $(CURDIR)/.venvs/fuzz/bin/python $(RUNS) $(TARGETS)

.venvs/fuzz/.installed: pyproject.toml $(PINS)/fuzz.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/fuzz.txt
	$(@D)/bin/python $(PIP_INSTALL) $(OURSELVES)
	touch $@

# EXAMPLES is the number of Dags.
EXAMPLES := 10000
## native-fuzz: Make EXAMPLES=10000 Dags with every option, and let Airflow's own code read them
native-fuzz: $(STAMP) $(NATIVE_AIRFLOW)
	DAGFLOE_NATIVE_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/native/test_any_dag.py --hypothesis-show-statistics

# VERSIONS selects some Pythons, such as 3.10 3.14.
## pythons: Test bundle files of Python 3.10 to 3.14, and write docs/evidence/pythons.md; takes 15 minutes for each
pythons: $(STAMP) $(LAUNCHER) .venvs/airflow-3.3.2/.installed
	$(RUN_TESTS_MODULE) pythons.campaign $(CURDIR)/.venvs/airflow-3.3.2/bin/python $(VERSIONS)

## deaths: End bundle files in every way, 20 times each, and write docs/evidence/deaths.md
deaths: dist
	DAGFLOE_TIMES=20 DAGFLOE_TABLES=.cache/deaths.json $(PYTEST) tests/frozen/test_deaths.py tests/frozen/test_first_starts.py
	$(RUN_TESTS_MODULE) support.deaths_page .cache/deaths.json

# ONLY selects rows of tests/packages/rows, separated by commas. FORCE=--force also runs rows that did not change.
# The rows need Debian's postgresql, mariadb-server, redis-server, npm and default-jre-headless.
## packages: Let about 100 distributions do a job unfrozen and frozen, and write docs/evidence/packages.md
packages: $(STAMP) $(LAUNCHER) .venvs/packages/.installed .cache/azurite/.installed
	$(RUN_TESTS_MODULE) packages.run --only '$(ONLY)' $(FORCE)

# None of these needs a server that has to be installed. JOBS is how many run at once; it makes nothing but the
# measured starts slower, and these are not written.
JOBS ?= $(shell nproc)
## packages-quick: Do the same with ten distributions, and write nothing
packages-quick: $(STAMP) $(LAUNCHER)
	$(RUN_TESTS_MODULE) packages.run --quick --force --jobs $(JOBS)

.venvs/packages/.installed: $(PINS)/packages.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $(PINNED) $(PINS)/packages.txt
	touch $@

.cache/azurite/.installed:
	npm install --no-audit --no-fund --prefix $(@D) azurite@3.35.0
	touch $@

# Airflow

.venvs/airflow-%/.installed:
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) 'apache-airflow==$*'
	touch $@

# pandas and pyarrow for ordinary tasks, in a folder beside Airflow: other targets need an Airflow without them.
$(FRAMES)/.installed:
	$(PYTHON) $(PIP_INSTALL) --target $(@D) 'pandas>=3,<4' 'pyarrow>=20'
	touch $@

# The installation of docs/how-to/deploying-dags.md, in a folder beside Airflow: other targets need an Airflow without it.
$(FOR_AIRFLOW)/.installed: pyproject.toml hatch_build.py $(PACKAGE_SOURCES) | $(STAMP)
	rm -rf $(@D)
	$(BIN)/python $(PIP_INSTALL) --no-deps --target $(@D) .
	touch $@

## airflow: Run an Airflow with the example bundles until Ctrl-C, AIRFLOW=3.3.2
airflow: dist $(AIRFLOW_INSTALLED) $(FOR_AIRFLOW)/.installed
	@env $(RUN_TESTS_MODULE) e2e $(AIRFLOW) $(DIST) $(FOR_AIRFLOW)

## airflow-test: Run bundles under the real supervisor of AIRFLOW=3.3.2, and read stub Dags with all supported Airflows
airflow-test: dist test-bundles $(TEST_DIST)/frames $(FRAMES)/.installed $(AIRFLOW_INSTALLED) $(AIRFLOWS_INSTALLED)
	DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/.venvs/airflow-$(AIRFLOW)/bin/python $(PYTEST) -m airflow tests/airflow \
		--ignore tests/airflow/test_conformance.py --ignore tests/airflow/test_native_conformance.py \
		--ignore tests/airflow/test_stubs.py \
		--ignore tests/airflow/test_docs_blocks.py --ignore tests/airflow/test_limits.py \
		--ignore tests/airflow/test_settings.py --ignore tests/airflow/test_schedule.py \
		--ignore tests/airflow/test_values.py
	$(foreach version,$(AIRFLOWS),DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/.venvs/airflow-$(version)/bin/python \
		DAGFLOE_FRAMES=$(CURDIR)/$(FRAMES) $(PYTEST) -m airflow tests/airflow/test_stubs.py \
		tests/airflow/test_docs_blocks.py tests/airflow/test_limits.py \
		tests/airflow/test_settings.py tests/airflow/test_schedule.py tests/airflow/test_values.py \
		tests/cli/doctor &&) true

## airflow-e2e: Test bundles in a complete Airflow, AIRFLOW=3.3.2, in two minutes
airflow-e2e: $(LAUNCHER) $(AIRFLOW_INSTALLED) $(FOR_AIRFLOW)/.installed | $(STAMP)
	DAGFLOE_AIRFLOW_VERSION=$(AIRFLOW) $(PYTEST) -m airflow -v $(E2E)

## airflow-readme: Follow the README up to a task's log, in a home folder and an Airflow of its own, AIRFLOW=3.3.2
airflow-readme: $(AIRFLOW_INSTALLED) $(STAMP)
	$(RUN_TESTS_MODULE) e2e.readme $(AIRFLOW)

# PUBLISH=--publish also writes the pictures of the documentation to docs/assets.
## airflow-pictures: Take pictures of an Airflow's web page, AIRFLOW=3.3.2, to .cache/screenshots, and check them
airflow-pictures: $(BROWSER) $(DIST)/orders $(AIRFLOW_INSTALLED) $(FOR_AIRFLOW)/.installed | chromium
	$(BIN)/dagfloe build tests/demo/demo --output .cache/e2e/files/demo --quiet
	$(BIN)/dagfloe build tests/demo/native34 --output .cache/e2e/files/native34 --quiet
	@env $(RUN_TESTS_MODULE) e2e.pictures $(AIRFLOW) $(FOR_AIRFLOW) .cache/e2e/files/native34/native34 $(DIST)/orders \
		.cache/e2e/files/demo/demo $(PUBLISH)

# PUBLISH=docs/evidence/comparison.md writes the table to that page.
## airflow-compare: Compare a bundle with Airflow's own tasks and operators in a complete Airflow, AIRFLOW=3.3.2
airflow-compare: $(BENCH)/small $(AIRFLOW_INSTALLED) $(FOR_AIRFLOW)/.installed
	@env $(RUN_TESTS_MODULE) e2e.compare $(AIRFLOW) $(BENCH)/small $(FOR_AIRFLOW) $(PUBLISH:%=--publish %)

# PUBLISH=--publish writes docs/evidence/pods.md. Needs root, as container runtimes do, and Debian's dumb-init.
## airflow-pod: Run bundle files in pods of Airflow's KubernetesExecutor, without a cluster, in 10 minutes
airflow-pod: $(DIST)/hello $(TEST_DIST)/pods $(AIRFLOWS:%=.venvs/pods-%/.installed)
	@env $(RUN_TESTS_MODULE) pods $(DIST)/hello $(TEST_DIST)/pods $(PUBLISH)

.venvs/pods-%/.installed: | $(STAMP)
	$(PYTHON) -m venv --clear $(@D)
	$(BIN)/uv pip install --quiet --python $(@D)/bin/python 'apache-airflow==$*' \
		'apache-airflow-providers-cncf-kubernetes==10.25.0'
	touch $@

# Redis, PostgreSQL and Python of Debian: workers run as other users, who may not be allowed to use ours.
CLUSTER_PYTHON := /usr/bin/python3
CLUSTER_FILES := $(addprefix $(DIST)/,hello orders weather) $(FOR_AIRFLOW)/.installed .venvs/cluster-tool/.installed
CLUSTER = @env $(RUN_TESTS_MODULE) cluster.run
CLUSTER_RESULTS := .cache/cluster/results

.venvs/cluster-%/.installed: | $(STAMP) cluster-packages
	$(BIN)/uv venv --quiet --clear --python $(CLUSTER_PYTHON) $(@D)
	$(BIN)/uv pip install --quiet --python $(@D)/bin/python 'apache-airflow==$*' apache-airflow-providers-celery \
		apache-airflow-providers-edge3 apache-airflow-providers-postgres 'celery[redis]<5.7'
	touch $@

# dagfloe on the workers.
.venvs/cluster-tool/.installed: pyproject.toml hatch_build.py $(PACKAGE_SOURCES) $(LAUNCHER) | $(STAMP) cluster-packages
	$(BIN)/uv venv --quiet --clear --python $(CLUSTER_PYTHON) $(@D)
	$(BIN)/uv pip install --quiet --python $(@D)/bin/python .
	touch $@

.PHONY: cluster-packages
cluster-packages:
	@[ "$$(id -u)" = 0 ] || { echo "the workers have users and namespaces of their own, which needs root" >&2; exit 1; }
	@command -v redis-server > /dev/null && ls /usr/lib/postgresql/*/bin/postgres $(CLUSTER_PYTHON) > /dev/null 2>&1 || \
		{ apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends redis-server postgresql python3; }

# ONLY selects scenarios of tests/cluster/run.py, separated by commas; then no page is written.
## airflow-cluster: End workers, servers and the broker of a distributed Airflow, and write docs/evidence/cluster.md
airflow-cluster: $(CLUSTER_FILES) .venvs/cluster-3.3.2/.installed .venvs/cluster-3.4.0b2/.installed | cluster-packages
ifdef ONLY
	$(CLUSTER) $(AIRFLOW) $(DIST) $(FOR_AIRFLOW) --only $(ONLY)
else
	$(CLUSTER) 3.3.2 $(DIST) $(FOR_AIRFLOW) --results $(CLUSTER_RESULTS)/3.3.2.json
	$(CLUSTER) 3.4.0b2 $(DIST) $(FOR_AIRFLOW) --quick --results $(CLUSTER_RESULTS)/3.4.0b2.json
	$(RUN_TESTS_MODULE) cluster.page $(CLUSTER_RESULTS)/3.3.2.json $(CLUSTER_RESULTS)/3.4.0b2.json
endif

## airflow-cluster-quick: Do the same with a few scenarios, AIRFLOW=3.3.2, and write nothing
airflow-cluster-quick: $(CLUSTER_FILES) .venvs/cluster-$(AIRFLOW)/.installed | cluster-packages
	$(CLUSTER) $(AIRFLOW) $(DIST) $(FOR_AIRFLOW) --quick

# COUNTS are the numbers of task instances.
COUNTS := 100,1000
## airflow-cluster-throughput: Measure what task instances cost on two workers, and write it to docs/evidence/cluster.md
airflow-cluster-throughput: $(CLUSTER_FILES) .venvs/cluster-3.3.2/.installed | cluster-packages
	$(CLUSTER) 3.3.2 $(DIST) $(FOR_AIRFLOW) --throughput $(COUNTS)

# Ordinary Dags often have pandas and pyarrow in Airflow's environment; uv makes virtual environments quickly.
.venvs/corpus-%/.installed: | $(STAMP)
	$(PYTHON) -m venv --clear $(@D)
	$(BIN)/uv pip install --quiet --python $(@D)/bin/python 'apache-airflow==$*' pandas==2.2.3 pyarrow==18.1.0 uv
	touch $@

# The dagfloe that adopts is the one of this folder. ONLY selects some of tests/corpus/cases.py, separated by commas; then
# no page is written.
CORPUS = @env $(RUN_TESTS_MODULE) corpus.run
CORPUS_RESULTS := .cache/corpus/results
## adopt-corpus: Adopt 41 Dag files and Airflow's examples, run them beside the originals, and write docs/evidence/adopted.md
adopt-corpus: $(LAUNCHER) $(AIRFLOWS:%=.venvs/corpus-%/.installed)
ifdef ONLY
	$(CORPUS) $(AIRFLOW) --only $(ONLY)
else
	$(CORPUS) 3.3.2 --results $(CORPUS_RESULTS)/3.3.2.json
	$(CORPUS) 3.4.0b2 --results $(CORPUS_RESULTS)/3.4.0b2.json
	$(RUN_TESTS_MODULE) corpus.page $(AIRFLOWS:%=$(CORPUS_RESULTS)/%.json)
endif

## adopt-corpus-quick: Do the same with three Dag files, AIRFLOW=3.3.2, in two minutes, and write nothing
adopt-corpus-quick: $(LAUNCHER) .venvs/corpus-$(AIRFLOW)/.installed
	$(CORPUS) $(AIRFLOW) --quick

# CHECK=--check compares the page with the results instead of writing it.
## conformance: Test what the supervisors of all supported Airflows can do, and write docs/evidence/conformance.md
conformance: test-bundles $(AIRFLOWS_INSTALLED)
	$(foreach version,$(AIRFLOWS),DAGFLOE_AIRFLOW_PYTHON=$(CURDIR)/.venvs/airflow-$(version)/bin/python \
		DAGFLOE_CONFORMANCE=.cache/conformance/$(version).json $(PYTEST) -m airflow tests/airflow/test_conformance.py \
		tests/airflow/test_native_conformance.py &&) true
	$(RUN_TESTS_MODULE) support.conformance_page $(CHECK) $(AIRFLOWS:%=.cache/conformance/%.json)

# Benchmarks

## bench: Run all benchmarks in 10 minutes, and write docs/evidence/benchmarks.md
bench: $(BENCH_FILES) $(DIST)/orders $(DIST)/weather .venvs/airflow-3.3.2/.installed
	$(BIN)/python -m benchmarks.run --publish

# PUBLISH=--publish writes the page from these few rounds.
## bench-quick: Run the benchmarks with a few rounds in 3 minutes, and print the results
bench-quick: $(BENCH_FILES) $(DIST)/orders $(DIST)/weather .venvs/airflow-3.3.2/.installed
	$(BIN)/python -m benchmarks.run --quick $(PUBLISH)

$(BENCH)/stock/%: $(SOURCES) benchmarks/stock.py $$(wildcard benchmarks/bundles/$$*/*.* bundles/$$*/*.* bundles/$$*/$$*/*.*) | $(STAMP)
	$(BIN)/python -m benchmarks.stock $(firstword $(wildcard benchmarks/bundles/$* bundles/$*)) --output $(@D)

$(BENCH)/one-file/%: $(SOURCES) $$(wildcard benchmarks/bundles/$$*/*.*) | $(STAMP)
	$(BIN)/dagfloe build benchmarks/bundles/$* --output $(@D) --one-file && touch -c $@

$(BENCH)/adopted/virtualenv-cached: $(SOURCES) benchmarks/dags/virtualenv_cached.py | $(STAMP)
	$(BIN)/dagfloe adopt benchmarks/dags/virtualenv_cached.py --output $(BENCH)/projects
	$(BIN)/dagfloe build $(BENCH)/projects/virtualenv-cached --output $(@D) && touch -c $@

$(BENCH)/%: $(SOURCES) $$(wildcard benchmarks/bundles/$$*/*.*) | $(STAMP)
	$(BIN)/dagfloe build benchmarks/bundles/$* --output $(@D) && touch -c $@
