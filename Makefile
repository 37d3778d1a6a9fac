# `make demo` and `make test` need nothing but Python ≥ 3.11 with venv; each sets up what it uses.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: demo
demo: $(VENV)/installed ## the main job, on documents that come with it
	@$(BIN)/python demo

.PHONY: test
test: $(VENV)/installed ## tests, types, lint, imports, docs
	$(BIN)/tox run

.PHONY: e2e
e2e: $(VENV)/installed ## real libvirt, real guests (as root; installs Debian packages)
	sh tests/e2e/provision.sh
	$(BIN)/tox run -e e2e

.PHONY: e2e-vm
e2e-vm: $(VENV)/installed ## the same under systemd and cgroup v2, in a machine of its own (as root)
	sh tests/vm/provision.sh
	$(BIN)/tox run -e vm

# How long for all targets together, in seconds: two hours, and a short look in CI
FUZZ_SECONDS ?= 7200

.PHONY: fuzz
fuzz: $(VENV)/installed ## search for inputs that break anything (CPython 3.11 to 3.13)
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/tox run -e fuzz

.PHONY: bench
bench: $(VENV)/installed ## every benchmark, side by side with its peers
	$(BIN)/tox run -e bench

# Which guests: held-out is what the published error stands on; all sets with SETS=
SETS ?= held-out

.PHONY: calibrate
calibrate: $(VENV)/installed ## check the overhead's table with guests here (root, cgroup v1, an hour)
	XMLRESOURCE_MEASUREMENTS=.calibrate $(BIN)/python benchmarks/calibrate/calibrate.py $(SETS)
	XMLRESOURCE_MEASUREMENTS=.calibrate $(BIN)/python benchmarks/calibrate/evaluate.py --print

.PHONY: clean
clean: ## remove what was made here
	rm -rf $(VENV) .calibrate .fuzz .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build .coverage*

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . 'tox>=4.24'
	@touch $@
