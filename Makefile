# `make run` and `make test` set up whatever they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETS := serve train deploy
# The supported Pythons, from requires-python in pyproject.toml: >=3.11,<3.13 gives 3.11 3.12.
PYTHONS := $(shell awk -F '[.,"<>=]+' '/^requires-python/ {for (m = $$4; m < $$6; m++) print "3." m}' pyproject.toml)
LOCK = ../$(BIN)/uv pip compile --quiet --universal --python-version $(firstword $(PYTHONS)) \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"
IMAGE := perfect-puppy:dev
ARTIFACT := model/artifact
LABELS = --label org.opencontainers.image.version=$(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
	--label org.opencontainers.image.revision=$(shell git describe --always --dirty --abbrev=40 2>/dev/null) \
	--label perfect-puppy.model-version=$(shell sed -n 's/.*"model_version": "\(.*\)".*/\1/p' $(ARTIFACT)/manifest.json)

.DEFAULT_GOAL := help
.PHONY: help setup run test lint train draft bench bench-routes load chaos fuzz clients schemathesis soak image test-container test-ecs \
	chaos-ecs acceptance-ecs bench-task pictures lighthouse lock upgrade wheels clean docker FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/test ## install everything, to the locked versions, in .venv

# The file $(VENV)/SET marks that a set of requirements is installed; `test` contains all other sets.
$(VENV)/serve $(VENV)/train $(VENV)/test: $(VENV)/%: requirements/%.txt $(VENV)/made
	@echo "installing requirements/$*.txt, once" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The stand-in for AWS needs another botocore than the tests, and so its own environment.
STAND_IN := $(VENV)/stand-in
$(STAND_IN)/installed: requirements/stand-in.txt $(VENV)/made
	@echo "installing requirements/stand-in.txt" >&2
	@$(BIN)/python -m venv --clear $(STAND_IN)
	@$(STAND_IN)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# "whole" if .venv can be used: it was completed and not moved, its Python still exists, and has the version of
# PYTHON if that was given on the command line. Otherwise .venv is made again.
STATE := $(shell { [ "$$(cat $(VENV)/made)" = "$$(cd $(VENV) && pwd -P)" ] && $(BIN)/python -c 'import pip' && \
	$(if $(filter-out file,$(origin PYTHON)),[ "$$($(BIN)/python -VV)" = "$$($(PYTHON) -VV)" ] &&) \
	echo whole; } 2>/dev/null)
$(VENV)/made: $(if $(STATE),,FORCE)
	@$(PYTHON) requirements/check_python.py $(PYTHONS) || { [ $$? -lt 126 ] || \
	  echo "There is no $(PYTHON) here. Perfect Puppy needs Python $(firstword $(PYTHONS)) to $(lastword $(PYTHONS)):" \
	       "install one, or name it with: make PYTHON=/path/to/python3 ..."; exit 1; } >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@cd $(VENV) && pwd -P >made

# On two cores `make test` takes three quarters of the time; a third process makes it longer again.
TWO_PROCESSES := $(BIN)/pytest --numprocesses 2 --dist loadfile

run: $(VENV)/serve ## serve the app on http://127.0.0.1:8000 (another model by ARTIFACT=)
	@$(if $(filter-out file,$(origin ARTIFACT)),MODEL_DIR=$(ARTIFACT)) $(BIN)/gunicorn

test: $(VENV)/test ## run every test, in a real browser too (load, container and ECS suites are targets of their own)
	@$(BIN)/python -m tests.ui.browser
	@$(TWO_PROCESSES) --ignore tests/load --ignore tests/container --ignore tests/ecs --ignore tests/clients

NO_CFN_LINT := cfn-lint, which has no release for this Python yet.
lint: $(VENV)/test ## check style, format and types, the Dockerfile, the template and the workflows
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/hadolint Dockerfile
	@if [ -x $(BIN)/cfn-lint ]; then $(BIN)/cfn-lint ecs/foundation/template.yaml; else echo "Left out: $(NO_CFN_LINT)"; fi
	@$(BIN)/zizmor --offline --quiet .github
	@.ci/actionlint/run "$(CURDIR)/$(VENV)/actionlint" "$(CURDIR)"/.github/workflows/*.yml

draft: $(VENV)/train ## describe a table of your own: print a first problem.toml for DATA=, which shall answer TARGET=
	@$(BIN)/python train.py --draft "$(DATA)" --target "$(TARGET)"

train: $(VENV)/train ## train the model and write its artifact (your own by PROBLEM=, DATA= and ARTIFACT=)
	@$(BIN)/python train.py $(if $(PROBLEM),--problem "$(PROBLEM)") $(if $(DATA),--data "$(DATA)") \
	  $(if $(filter-out file,$(origin ARTIFACT)),--out "$(ARTIFACT)")

bench: $(VENV)/test ## measure a request, and a prediction, side by side with other ways in one run
	@$(BIN)/python -m tests.load.wrk
	@$(BIN)/python -m tests.load.bench_model
	@$(BIN)/python -m tests.load.bench

bench-routes: $(VENV)/test ## measure the most expensive request of each route, cold and warm: some 3 minutes (Linux)
	@$(BIN)/python -m tests.load.bench_routes

load: $(VENV)/test ## stop, kill, starve, flood and fuzz a real server: the short form, some 9 minutes (Linux)
	@$(BIN)/python -m tests.load.wrk
	@$(BIN)/pytest tests/load

chaos: $(VENV)/test ## killed workers and slow clients, at full size
	@$(BIN)/python -m tests.load.wrk
	@$(BIN)/pytest tests/load/test_chaos.py tests/load/test_stopping.py --full -s

fuzz: $(VENV)/test ## 100,000 bad requests
	@$(BIN)/pytest tests/load/test_fuzz.py --full -s

clients: $(VENV)/test ## lint the API's document, and ask by clients made from it, in Python and TypeScript (needs Node.js)
	@command -v npm >/dev/null || { echo "These tests need Node.js 20 or newer, with npm: https://nodejs.org" >&2; exit 1; }
	@npm ci --prefix tests/clients --no-audit --no-fund --loglevel error >/dev/null
	@$(BIN)/pytest tests/clients

schemathesis: $(VENV)/test ## ask the API more than 5,000 things that its document allows or forbids
	@$(BIN)/pytest tests/load/test_schemathesis.py --full -s

soak: $(VENV)/test ## 1,000,000 requests of all kinds, or 20 minutes of them; prints memory over time
	@$(BIN)/python -m tests.load.wrk
	@$(BIN)/pytest tests/load/test_soak.py --full -s

docker:
	@docker version >/dev/null || { echo "This needs Docker, running: https://docs.docker.com/get-docker/" >&2; exit 1; }

image: docker ## build the container image perfect-puppy:dev (any name by IMAGE=, any model below model/ by ARTIFACT=)
	@[ -f "$(ARTIFACT)/manifest.json" ] || { echo "There is no model in $(ARTIFACT). It is a folder below model/," \
	  "which is written by: make train PROBLEM=... DATA=... ARTIFACT=$(ARTIFACT)" >&2; exit 2; }
	@docker build --tag $(IMAGE) --build-arg ARTIFACT=$(ARTIFACT) $(LABELS) .

test-container: docker $(VENV)/test ## build the image and run every test against it, in a real container
	@$(BIN)/python -m tests.ui.browser
	@$(BIN)/python -m tests.load.wrk
	@$(BIN)/pytest tests/container

test-ecs: docker $(VENV)/test $(STAND_IN)/installed ## test the deploy tool, on a stand-in for AWS with real containers too
	@[ -x $(BIN)/cfn-lint ] || { echo "These tests need $(NO_CFN_LINT) Name another: make PYTHON=... $@" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "These tests need Node.js 20 or newer, with npm: https://nodejs.org" >&2; exit 1; }
	@$(BIN)/python -m tests.ui.browser
	@$(TWO_PROCESSES) tests/ecs --ignore tests/ecs/stand_in
	@$(BIN)/pytest tests/ecs/stand_in

chaos-ecs: docker $(VENV)/test $(STAND_IN)/installed ## kill `up` after each of its calls, from nothing each time, and run it again: some 8 minutes
	@$(BIN)/pytest tests/ecs/stand_in/test_cut_off.py --full

acceptance-ecs: docker $(VENV)/test $(STAND_IN)/installed ## run the deploy tool's acceptance, whole, killed and resumed: some 5 minutes
	@$(BIN)/pytest tests/ecs/stand_in/test_acceptance.py --full

bench-task: image $(VENV)/test ## measure what a task carries, on the terms of Fargate's smallest
	@$(BIN)/python -m tests.load.wrk
	@$(BIN)/python -m tests.ecs.bench_task $(IMAGE)

pictures: $(VENV)/test ## photograph the pages for the README, and the drawings for links in chats
	@$(BIN)/python -m tests.ui.browser
	@$(BIN)/python -m tests.ui.pictures

lighthouse: $(VENV)/test ## print Lighthouse's scores of the form and of an answer, on a phone (needs Node.js)
	@$(BIN)/python -m tests.ui.browser
	@$(BIN)/python -m tests.ui.lighthouse

lock: $(VENV)/test ## compile requirements/*.in to locked *.txt; what is locked stays where it still fits
	@cd requirements && $(LOCK) test.in -o test.txt
	@cd requirements && for set in $(SETS); do $(LOCK) -c test.txt $$set.in -o $$set.txt || exit 1; done
	@cd requirements && $(LOCK) stand-in.in -o stand-in.txt

upgrade: LOCK += --upgrade
upgrade: lock ## the same, with the newest releases of everything

wheels: $(VENV)/test ## check that every set installs from wheels, on each Python and architecture of Linux
	@$(BIN)/python -m tests.wheels $(PYTHONS)

clean: ## remove what the other targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
