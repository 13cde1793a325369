# `make demo` shows the main job; `make test` is what CI runs. `make help` lists the parts; each runs alone.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build/collections
# The settings of whoever runs the tests must not decide how they end.
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1

CLIENTS ?= 5.2.1
KEEP ?= 0

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- what the parts need

.PHONY: needs
needs: ## the Debian packages of the tests (installs them where this runs as root)
	@bash tests/needs.sh

$(VENV)/.demo: tests/requirements/demo.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements/demo.txt
	@touch $@

$(VENV)/.ready: $(VENV)/.demo tests/requirements/test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements/test.txt
	@touch $@

.PHONY: venv
venv: $(VENV)/.ready .build/collections ## the virtual environment of the tests

.build/collections:
	@$(BIN)/python tests/conftest.py

$(VENV)/.mutation: $(VENV)/.ready tests/requirements/mutation.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements/mutation.txt
	@touch $@

$(VENV)-client-%/.ready: tests/requirements/client-%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# ---------------------------------------------------------------- the main job, on embedded parts

.PHONY: demo
demo: $(VENV)/.demo ## the whole rollout on embedded parts, twice; KEEP=1 leaves it up
	@$(BIN)/python -m tests.demo $(if $(filter-out 0,$(KEEP)),--keep)

# ---------------------------------------------------------------- the tests

.PHONY: test
test: needs venv ## everything that CI runs
	@$(BIN)/python -m tests.parts hosts integration molecule matrix kafka sanity unit clients lint

.PHONY: lint
lint: venv ## ruff, mypy --strict, ansible-lint (production), the docs, the changelog
	ruff check .
	ruff format --check .
	mypy .build/collections/ansible_collections/hopsworks/kafka/plugins
	ansible-lint --offline --profile production
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .

.PHONY: sanity
sanity: venv ## ansible-test sanity, with empty ignore files
	@$(BIN)/python -m tests.sanity

.PHONY: unit
unit: venv ## pure code and the emulator's contract (Java, Maven: downloads Kafka's clients once)
	pytest tests/unit -n 2 --dist loadscope

.PHONY: integration
integration: venv ## the modules, the role and the playbooks, run by Ansible against the emulator; make matrix runs the rest of them
	pytest tests/integration -n 2 --dist loadscope $(addprefix --ignore=,$(shell $(PYTHON) -m tests.matrix --list))

.PHONY: clients
clients: venv $(foreach version,$(CLIENTS),$(VENV)-client-$(version)/.ready) ## the real hopsworks client reads what was rolled out (CLIENTS="5.2.1 …")
	pytest tests/clients

.PHONY: kafka
kafka: venv ## kafka_probe's truth table, rows carried over, and agreement with Kafka's own Java clients
	pytest tests/probe tests/carry tests/field

.PHONY: hosts
hosts: venv ## real SSH hosts with systemd, and a real consumer on them
	pytest tests/hosts

.PHONY: molecule
molecule: venv ## every scenario of molecule/
	molecule test --all

.PHONY: matrix
matrix: venv ## rollouts and leaks on the oldest and newest ansible-core and the release candidate; their output compared
	@$(BIN)/python -m tests.matrix

# ---------------------------------------------------------------- longer proofs, and figures

.PHONY: soak
soak: venv ## many repetitions: random kills, the truth table 20 times, moves of 100,000 rows
	pytest tests --soak

.PHONY: bench
bench: venv ## figures, both sides in one run
	@$(BIN)/python -m tests.bench

.PHONY: mutation
mutation: venv $(VENV)/.mutation ## do the unit tests notice a broken module_utils? prints the score of each room
	@$(BIN)/python -m tests.mutation

.PHONY: clean
clean: ## remove what was built (not the caches of jars and images)
	rm -rf .build $(VENV) $(VENV)-* .mypy_cache .ruff_cache .pytest_cache
