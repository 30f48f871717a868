# `make demo`, `make test` and `make bench` set up all they need in .venv first.

PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	if $$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	>/dev/null 2>&1; then echo $$p; break; fi; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO ?= demo-output
# As many workers as there are cores, to a limit since each loads TensorFlow.  Files go to
# them in the order of their names; see tests/sharing.py.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-long check chart-tools bench clean

demo: .venv/.demo
	$(BIN)/amphitrite demo --out $(DEMO) --overwrite

test: check
	$(PYTEST) -m 'not long'

test-long: check chart-tools
	$(PYTEST)

check: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Without these, the tests of the chart that need them are skipped.
chart-tools: .venv/.created
	@$(MAKE) --no-print-directory .venv/checkov/.installed || \
		echo "checkov cannot be installed: its tests are skipped" >&2
	@$(MAKE) --no-print-directory .venv/kubernetes-models/.installed || \
		echo "@kubernetes-models cannot be installed: their tests are skipped" >&2

bench: .venv/.dev
	$(BIN)/python tests/bench/morpheus_throughput.py
	$(BIN)/python tests/bench/calnet_light_curves.py --stars 100

clean:
	rm -rf .venv $(DEMO) .*_cache .import_linter_cache

.venv/.created:
	@test -n "$(PYTHON)" || { echo "Amphitrite needs Python 3.11 or 3.12 with venv and pip; set PYTHON=/path/to/python3.12" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.demo: .venv/.created pyproject.toml constraints.txt
	@echo "Installing Amphitrite into .venv ..."
	@$(PIP) -e '.[plots]'
	@touch $@

.venv/.dev: .venv/.created pyproject.toml constraints.txt
	@echo "Installing Amphitrite and all that its tests need into .venv ..."
	@$(PIP) -e '.[dev]'
	@touch $@ .venv/.demo

.venv/checkov/.installed: tests/deploy/helm/checkov.txt
	@$(BIN)/python -m venv .venv/checkov
	@.venv/checkov/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv/kubernetes-models/.installed: tests/deploy/helm/package-lock.json
	@mkdir -p .venv/kubernetes-models
	@cp tests/deploy/helm/package.json $< .venv/kubernetes-models
	@npm ci --prefix .venv/kubernetes-models --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
