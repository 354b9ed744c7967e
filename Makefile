# Everything is set up on first use: `make demo` and `make test` need only Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo run test check bench soak format lock clean

demo: $(VENV)/.runtime  ## Start the demo: a browser page over two simulated deployments
	$(BIN)/lifeboat demo

run: $(VENV)/.runtime  ## Start the bot with the settings of the environment (or .env)
	$(BIN)/lifeboat migrate
	$(BIN)/lifeboat run

test: $(VENV)/.dev $(VENV)/.node  ## Every test: PostgreSQL, Node, the real Convex CLI and a browser included
	$(BIN)/python -m pytest -m "not soak" -n 4 --dist loadfile

check: $(VENV)/.dev  ## Format, lint, types, layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(VENV)/.dev $(VENV)/.node  ## The slow suites: kill tests over every point
	$(BIN)/python -m pytest -m soak

bench: $(VENV)/.dev $(VENV)/.node  ## Measure, as ratios against named alternatives
	$(BIN)/python -m benchmarks

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## Resolve pyproject.toml anew (needs uv on the PATH)
	uv pip compile pyproject.toml -q --universal --python-version 3.11 --generate-hashes \
	  --extra build --no-emit-index-url --no-annotate --no-header -o requirements.lock
	uv pip compile pyproject.toml -q --extra build --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) node_modules

$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lifeboat needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	touch $@

# --no-build-isolation: the build back end is locked too, so that nothing unlocked is ever fetched.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.created
	$(BIN)/pip install -q --require-hashes -r requirements.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	touch $@

# Node, the real Convex CLI and a browser, from npm; idempotent and quick when nothing changed.
$(VENV)/.node: tests/node/package-lock.json tests/node/install.py $(VENV)/.dev
	$(BIN)/python tests/node/install.py
	touch $@
