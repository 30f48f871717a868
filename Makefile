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

.PHONY: demo test test-long check bench clean

demo: .venv/.demo
	$(BIN)/amphitrite demo --out $(DEMO) --overwrite

test: check
	$(PYTEST) -m 'not long'

test-long: check
	$(PYTEST)

check: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

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
