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
	$(BIN)/tox run-parallel

.PHONY: dev
dev: $(VENV)/installed ## the tools of contributors in .venv, and git's pre-commit hook
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[hypothesis]' --group dev
	$(BIN)/pre-commit install

.PHONY: e2e
e2e: $(VENV)/installed ## real libvirt, real guests (as root; installs Debian packages)
	sh tests/e2e/provision.sh
	$(BIN)/tox run -e e2e

.PHONY: e2e-vm
e2e-vm: $(VENV)/installed ## the same under systemd and cgroup v2, in a machine of its own (as root)
	sh tests/vm/provision.sh
	sh debian/provision.sh
	$(MAKE) $(DEB)
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
LIBVIRT_SETS ?= libvirt-held-out

.PHONY: calibrate
calibrate: $(VENV)/installed ## check the overhead's table with guests here (root, cgroup v1, an hour)
	XMLRESOURCE_MEASUREMENTS=.calibrate $(BIN)/python benchmarks/calibrate/calibrate.py $(SETS)
	XMLRESOURCE_MEASUREMENTS=.calibrate $(BIN)/python benchmarks/calibrate/through_libvirt.py $(LIBVIRT_SETS)
	XMLRESOURCE_MEASUREMENTS=.calibrate $(BIN)/python benchmarks/calibrate/evaluate.py --print

.PHONY: manual
manual: $(VENV)/installed ## man pages and completion for bash, zsh, fish, in build/manual
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group manual
	$(BIN)/python manual build/manual

.PHONY: docs
docs: $(VENV)/installed ## the docs as a site in build/site, to be opened without a server
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[hypothesis,lsp]' --group site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file website/mkdocs.yml

.PHONY: deb
deb: manual ## a Debian package in build/deb (takes debhelper, dh-python, lintian)
	sh debian/build.sh build/deb
	@touch $(DEB)

# For those who take the package as it is, where nothing of it has changed
DEB := build/deb/built
$(DEB): README.md SECURITY.md $(shell find xmlresource schemas debian docs manual -type f ! -name '*.pyc')
	$(MAKE) deb

.PHONY: rpm
rpm: manual ## an RPM in build/rpm (takes rpmbuild, rpmlint)
	sh rpm/build.sh build/rpm

.PHONY: dist
dist: $(VENV)/installed ## a wheel and an sdist in dist, checked as PyPI does
	rm -rf dist
	$(BIN)/tox run -e dist

.PHONY: package
package: $(VENV)/installed ## all packages, built and tried here (as root; installs Debian packages)
	sh debian/provision.sh
	sh tests/e2e/provision.sh
	$(MAKE) $(DEB) rpm dist
	ansible-lint --offline --strict --profile production contrib/ansible/site.yml contrib/ansible/roles/xmlresource
	XMLRESOURCE_DEB=$$(ls build/deb/*.deb) XMLRESOURCE_RPM=$$(ls build/rpm/*.rpm) $(BIN)/tox run -e package

.PHONY: clean
clean: ## remove what was made here
	rm -rf $(VENV) .calibrate .fuzz .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build .coverage*

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . 'tox>=4.24'
	@touch $@
