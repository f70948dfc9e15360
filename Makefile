# Warning Center. `make` lists what there is to make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run setup test tests migrations packages format lint types messages mutants walk simulate trunk planted search nightly bench storm calls lock clean

SPEED ?= 1
PYTHON ?=
PYTEST ?= -n 3
LENGTH ?= 6
SEEDS ?= 1 2 3
DIRECTIVES ?= 1000
HOURS ?= 24
OPERATORS ?= 6
FAULTS ?= all
MODULES ?=
ONLY ?=
CASES ?= 2000
STORM ?=
CALLS ?= 2000
EXAMPLES ?= 10
VENV := .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE # a start takes seconds longer when nothing is kept compiled
# A set-up is done once for each content of requirements.txt, with the quickest Python there is: one that was built
# without its optimisations takes a third longer for everything.
define PROBE
import ensurepip, sys, time, venv

def took():
    began, counts = time.process_time(), {}
    for n in range(20_000):
        counts[str(n % 97)] = counts.get(str(n % 97), 0) + n
    return time.process_time() - began

if sys.version_info >= (3, 11):
    print(min(took() for _ in range(25)), sys.executable)
endef
export PROBE
STAMP := $(VENV)/.installed-$(shell cksum < requirements.txt | tr ' ' '-')

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  SPEED=60       run the demonstration's clock 60 times as fast (run)"
	@echo "  PYTHON=...     the Python to build .venv with: 3.11 or newer (setup)"
	@echo "  PYTEST='...'   options for pytest (test), by default -n 3"
	@echo "  SEEDS='1 2 3'  the days to play, with DIRECTIVES=1000 HOURS=24 OPERATORS=6 FAULTS=all (simulate)"
	@echo "  MODULES='...'  the modules to plant faults in (mutants), by default those of pyproject.toml"
	@echo "  ONLY='...'     the questions to answer (bench), by default all: steps, committed, budget, first_dial ..."
	@echo "  STORM='...'    options (storm): --seed N, --rate 3 directives a second, --speed 1"
	@echo "  LOCK=--upgrade take the newest versions that fit (lock)"

run: setup ## Start the centre with its demonstration: SPEED=1
	@exec $(BIN)/python manage.py center --speed $(SPEED)

setup: $(STAMP) ## Make .venv and install what requirements.txt locks, once

$(STAMP):
	@set -eu; \
	if [ -z "$$($(BIN)/python -c "$$PROBE" 2>/dev/null)" ]; then \
	  chosen=$$(for name in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	    echo "$$name"; (IFS=:; for folder in $$PATH; do echo "$$folder/$$name"; done); \
	  done | while read -r python; do "$$python" -c "$$PROBE" </dev/null 2>/dev/null || :; done \
	    | sort -n | head -n 1 | cut -d ' ' -f 2-); \
	  if [ -z "$$chosen" ]; then \
	    echo "No usable Python among: $(or $(PYTHON),python3.13 python3.12 python3.11 python3)." >&2; \
	    echo "Warning Center needs Python 3.11 or newer with its venv module (Debian: python3-venv)." >&2; \
	    echo "Name one with: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$("$$chosen" --version), $$chosen"; \
	  rm -rf $(VENV); \
	  "$$chosen" -m venv $(VENV); \
	fi; \
	echo "Installing requirements.txt, once"; \
	rm -f $(VENV)/.installed-*; \
	install="$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	  --only-binary :all: --require-hashes --no-deps"; \
	sed -n '/^pip==/,/[^\\]$$/p' requirements.txt > $(VENV)/pip.txt; \
	$$install -r $(VENV)/pip.txt; \
	awk '/^[A-Za-z0-9]/ { half = ++n % 2 } n { print > "$(VENV)/half-" half ".txt" }' requirements.txt; \
	printf '%s\n' $(VENV)/half-0.txt $(VENV)/half-1.txt | xargs -P 2 -n 1 $$install -r; \
	touch $@

test: ## The gate: everything that must hold before a change lands
	@$(MAKE) --no-print-directory -j 2 setup packages
	@$(MAKE) --no-print-directory -j 2 tests types lint

tests: setup
	$(BIN)/python manage.py check # beside mypy: it also compiles, once, what each of the workers would
	$(BIN)/python -m pytest $(PYTEST)

migrations: setup # the tests ask the same
	$(BIN)/python manage.py makemigrations --check --dry-run

packages: ## Install the Debian packages that tests need (as root, where there is apt-get)
	@set -eu; missing=; \
	for name in $$(grep -v '^#' packages.txt); do \
	  dpkg-query -W -f '$${Status}' "$$name" 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$name"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing$$missing"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
	  echo "Not installed, and the tests need them:$$missing" >&2; \
	  [ "$${CI:-}" != true ]; \
	fi

format: setup ## Write the code as the gate wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: setup ## Style and the law of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

types: setup ## mypy, strict
	$(BIN)/mypy

messages: setup ## Bring the Chinese catalogue up to date; says what has no Chinese yet
	$(BIN)/python -m tests.messages

mutants: setup ## Plant one small fault after another in the pure judgement: the tests must notice
	$(BIN)/python -m tests.mutants $(MODULES)

walk: setup ## Walk every sequence of LENGTH=6 results through the policy
	$(BIN)/python -m tests.walk --length $(LENGTH)

simulate: setup ## Play a day of the real engine for each of SEEDS='1 2 3', with FAULTS=all
	@printf '%s\n' $(SEEDS) | xargs -P "$$(getconf _NPROCESSORS_ONLN)" -I SEED sh -c '\
	  told=$$($(BIN)/python manage.py simulate --seed SEED --directives $(DIRECTIVES) --hours $(HOURS) \
	    --operators $(OPERATORS) --faults $(FAULTS) --lang en); status=$$?; \
	  echo "$$told" | sed "2,\$$s/^/  /"; exit $$status'

trunk: setup ## 200 calls through the SIP trunk at 5 a second, SIPp around it: none may be left behind
	$(BIN)/python -m tests.telephony.sipp.load --calls 200 --rate 5

planted: setup ## Plant faults of ours in the engine, one by one: the simulation's checker must name the promise
	$(BIN)/python -m pytest $(PYTEST) tests/simulation/planted.py

search: setup ## Try the properties on EXAMPLES=10 times as many examples, new ones each time
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest $(PYTEST) -m hypothesis

nightly: setup ## The long tests, the search, thirty county-days, a city-day, planted faults, the trunk; a line or more each
	@failed=0; \
	$(BIN)/python -m pytest $(PYTEST) -m long || failed=1; \
	$(MAKE) --no-print-directory search || failed=1; \
	$(MAKE) --no-print-directory simulate SEEDS="$$(seq -s ' ' 101 130)" || failed=1; \
	$(MAKE) --no-print-directory simulate SEEDS=201 DIRECTIVES=15000 OPERATORS=90 || failed=1; \
	$(MAKE) --no-print-directory planted || failed=1; \
	$(MAKE) --no-print-directory trunk || failed=1; \
	exit $$failed

bench: setup ## Measure what things cost, on a PostgreSQL and Redis of its own: ONLY='steps budget' for some
	$(BIN)/python -m tests.servers --durable -- $(BIN)/python -m tests.bench $(ONLY)

storm: setup ## Kill real processes at random under CASES=2000: nothing may be lost, doubled or late
	$(BIN)/python -m tests.servers --durable -- $(BIN)/python -m tests.storm --cases $(CASES) $(STORM)

calls: setup ## CALLS=2000 calls over the practice Twilio with all its mischief, in real processes
	$(BIN)/python -m tests.servers --durable -- $(BIN)/python -m tests.calls --calls $(CALLS)

lock: ## Write requirements.txt from requirements.in (needs uv)
	uv pip compile requirements.in -o requirements.txt --quiet $(LOCK) --generate-hashes --universal \
	  --python-version 3.11 --fork-strategy fewest --no-annotate --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock"

clean: ## Remove what the targets above made; the data in var/ stays
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
