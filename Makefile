# make help is the manual. Needs Python 3.11 or newer with pip and venv; nothing else.
.DEFAULT_GOAL := help
.PHONY: help setup setup-full setup-dev demo test check ready kernels bench kills proof realism radio stress experiment forecast accuracy pictures sample-data features schema fuzz screenshots lock clean

PYTHON ?= python3
BIN := .venv/bin
# processes that run tests side by side, more than cores because tests wait for peers; 0: none beside pytest itself, which a debugger needs
WORKERS ?= 3
TESTS = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# each module is compiled when it is first imported, and most never are: half a minute less
PIP_INSTALL = -m pip install --quiet --no-compile
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# a process that compiles all of itself at each start takes seconds more
unexport PYTHONDONTWRITEBYTECODE

help:            ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 14

setup: .venv/.core  ## Make .venv with .venv/bin/forecalm
setup-full: .venv/.full  ## The same with every file format of researchers, Lab Streaming Layer and PostgreSQL
setup-dev: .venv/.dev  ## The same with what the tests need

.venv/.core: requirements/core.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("forecalm needs Python 3.11 or newer; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing what forecalm stands on (a few minutes at the first time)"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/core.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.full: requirements/full.txt .venv/.core
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/full.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.core
	@echo "Installing what the tests need"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

demo: .venv/.core  ## The whole system with simulated bands; opens the board
	@exec $(BIN)/forecalm demo

test: ready  ## Every test this machine has the peers for; names what it skipped
	@$(TESTS)

check: .venv/.dev  ## ruff, mypy, import contracts, tests, notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory kernels
	$(TESTS)

ready: .venv/.core
	@$(MAKE) --no-print-directory -j2 .venv/.dev kernels

# what is compiled first is compiled once, and not under tests that wait for a service
kernels: .venv/.core
	@$(BIN)/python -c "from forecalm.pipeline import warm; warm()" & $(BIN)/python -m tests.kernels; wait $$!

bench: .venv-bench/.made  ## Measure speed beside the peers: docs/performance.md, benchmarks/results.json
	.venv-bench/bin/python -m benchmarks.speed
	.venv-bench/bin/python -m benchmarks.engine
	.venv-bench/bin/python -m benchmarks.replays
	.venv-bench/bin/python -m benchmarks.detector

kills: .venv/.dev  ## Kill service and broker at random for an hour, and compare every sample
	$(BIN)/python -m benchmarks.kills --rounds 40 --seconds 90

proof: .venv/.dev  ## A thousand alerts through kills and bad channels; every link of protection broken; boards, their sound and their weight
	$(BIN)/python -m benchmarks.alerts
	$(BIN)/python -m benchmarks.alerts.links --jobs 1
	$(BIN)/python -m benchmarks.boards --scenario anxious
	$(BIN)/python -m benchmarks.situation
	$(BIN)/python -m benchmarks.protection
	$(BIN)/python -m benchmarks.console.sound
	$(BIN)/python -m benchmarks.console.house
	$(BIN)/python -m benchmarks.console.page

realism: .venv-bench/.made  ## Compare simulated people with recorded ones: docs/realism.md, benchmarks/realism.json
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE .venv-bench/bin/python -m benchmarks.realism

radio: .venv/.dev  ## Twenty virtual bands through gateways to the store for ten minutes, with faults
	$(BIN)/python -m benchmarks.radio
	$(BIN)/python -m benchmarks.gateway --minutes 10

stress: .venv-bench/.made  ## Tell stress from rest on recorded people, beside the peers' features: docs/stress.md
	.venv-bench/bin/python -m benchmarks.stress

experiment: .venv/.dev  ## Time a whole experiment: every candidate, twelve people left out one by one, report included
	$(BIN)/python -m benchmarks.experiment

forecast: .venv-bench/.made  ## Foretell the incidents of simulated people: docs/forecast.md (half an hour or more)
	.venv-bench/bin/python -m benchmarks.forecast

accuracy: .venv-bench/.made  ## Measure accuracy on real recordings: docs/accuracy.md, benchmarks/accuracy.json
	.venv-bench/bin/python -m benchmarks.accuracy

pictures: .venv-bench/.made  ## Draw the pictures of docs/signals.md anew from real recordings
	.venv-bench/bin/python docs/signals/make.py

.venv-bench/.made: requirements/bench.txt pyproject.toml
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@echo "Installing the peers beside ours"
	@.venv-bench/bin/python $(PIP_INSTALL) --require-hashes -r requirements/bench.txt
	@.venv-bench/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

sample-data: .venv/.core  ## Make data/sample/ anew
	$(BIN)/forecalm simulate --sample data/sample

features: .venv/.core  ## Make docs/features.md anew
	$(BIN)/forecalm features > docs/features.md

schema: .venv/.core  ## Make docs/wire.schema.json, asyncapi.json, openapi.json, alerting-states.md and access.md anew
	$(BIN)/forecalm schema > docs/wire.schema.json
	$(BIN)/forecalm schema --asyncapi > docs/asyncapi.json
	$(BIN)/python -m console.api.document > docs/openapi.json
	$(BIN)/python -m alerts.drawn
	$(BIN)/python -m console.access.drawn docs/access.md

fuzz: .venv/.dev  ## Ask every route of the OpenAPI document what it forbids, at length
	FORECALM_FUZZ=40 $(BIN)/python -m pytest -q -s tests/console/api/test_schemathesis.py tests/console/api/test_hostile.py

screenshots: .venv/.dev  ## Take the pictures in docs/screens anew (needs Chromium)
	$(BIN)/python docs/screens/make.py

lock: .venv/.dev  ## Resolve the locks anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	  requirements/build.in pyproject.toml -o requirements/core.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	  --extra formats --extra postgres --extra radio --extra acme -c requirements/core.txt requirements/build.in pyproject.toml -o requirements/full.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	  --extra dev --extra formats --extra postgres --extra radio --extra acme -c requirements/full.txt requirements/build.in pyproject.toml -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	  --extra bench requirements/build.in pyproject.toml -o requirements/bench.txt

clean:           ## Remove what was made, but no data in var/
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
