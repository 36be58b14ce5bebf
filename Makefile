# Everything runs inside $(VENV); only Python 3.11+ and make are needed beforehand.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-all lint verify shipped tune long mutants accuracy lowest spark recipes browser picture chromium calls clients peers peers-quick lock clean

demo: $(VENV)/.core
	$(BIN)/mars-solver recommend benchmarks/profiles/support-line.toml

# The quick tests; at its end it says what it left out and which target runs that.
test: lint verify
	$(BIN)/python -m pytest -n auto --dist worksteal

# Everything, in this order.
test-all: test long spark recipes browser calls clients peers-quick

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The proof, with every file of weights, against its certificate.
verify: $(VENV)/.dev
	for weights in weights/*.toml; do \
		$(BIN)/mars-solver verify --weights $$weights \
			--certificate $${weights%.toml}.certificate.json || exit 1; \
	done

# The shipped weights, from the labels in models/guide/lines.toml; the reports go to build/.
LATENCY_FIRST := leans to latency as far as every lead of the guide keeps 0.01 points: without \
preferences the guide still holds; with them, Flash comes first sooner
QUALITY_FIRST := leans to fidelity and expressiveness as far as every lead of the guide keeps 0.01 \
points: without preferences the guide still holds; with them, Pro comes first sooner
TUNE := $(BIN)/python benchmarks/tune_weights.py models/guide/lines.toml --force
tune: $(VENV)/.dev
	mkdir -p build
	$(TUNE) --start benchmarks/tuning/prior.toml --out weights/default.toml \
		--report build/default.report.html \
		--note "balanced: near to the weights chosen by hand, with room on each side of every label"
	$(TUNE) --start weights/default.toml --out weights/latency-first.toml \
		--report build/latency-first.report.html --push latency --margin 0.01 \
		--note "$(LATENCY_FIRST)"
	$(TUNE) --start weights/default.toml --out weights/quality-first.toml \
		--report build/quality-first.report.html --push fidelity --push expressiveness \
		--margin 0.01 --note "$(QUALITY_FIRST)"
	rm -f weights/*.certificate.json
	$(MAKE) verify

# The typed access to what models/attributes.toml declares, and the schemas that editors read.
shipped: $(VENV)/.dev
	$(BIN)/python tests/support/shipped_types.py
	for kind in attributes model sources flowchart labels; do \
		$(BIN)/mars-solver schema $$kind > docs/schemas/$$kind.json || exit 1; \
	done

# The searches that take minutes.
long: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m long

# Every small change of the modules that decide has to fail a test; `make long` tries a sample.
mutants: $(VENV)/.dev
	$(BIN)/python tests/support/mutants.py

# How near the marks of a measurement are to the truth: for an idle machine, and no part of CI.
accuracy: $(VENV)/.dev
	$(BIN)/python -m pytest -m timing

# The oldest packages that pyproject.toml allows; what they themselves warn of is none of ours.
lowest:
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --disable-pip-version-check --quiet \
		$$($(PYTHON) tests/support/lowest.py) pytest pytest-xdist hypothesis jsonschema hatchling editables
	$(VENV)-lowest/bin/python -m pip install --disable-pip-version-check --quiet \
		--no-deps --no-build-isolation --editable .
	$(VENV)-lowest/bin/python -m pytest -n auto -W ignore::DeprecationWarning \
		--deselect tests/cli/test_surroundings.py::test_a_command_runs_anywhere \
		tests/inputs/test_files.py tests/inputs/test_models.py tests/solving tests/batch tests/cli

# The batch path in a Spark session of this machine, skipped where there is no Java; and data frames
# of pandas, which come with it.
spark: $(VENV)/.dev
	$(PIP) install --require-hashes -r requirements/spark.txt
	$(BIN)/python -m pytest tests/batch/test_spark.py tests/inputs/test_brought.py

# The recipes of docs/tables.md, with the data frames and databases that they are for.
recipes: $(VENV)/.dev
	$(PIP) install --require-hashes -r requirements/recipes.txt
	$(BIN)/python -m pytest tests/batch/test_recipes.py

# The page in a real Chromium: Debian's, put there where we may; skipped where there is none.
browser: chromium
	$(BIN)/python -m pytest tests/web/test_browser.py

# The picture of the page in README.md, taken again.
picture: chromium
	PYTHONPATH=tests/support $(BIN)/python tests/support/picture.py

chromium: $(VENV)/.dev
	$(PIP) install --require-hashes -r requirements/browser.txt
	if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium || true; \
	fi

# The printed calls against the packages that they use, pinned, in an environment of its own; their
# own warnings are none of ours.
calls: $(VENV)-calls/.done
	$(VENV)-calls/bin/python -m pytest -W ignore tests/explaining/test_calls_installed.py

# A client generated from the description of the API, in an environment of its own.
clients: $(VENV)-clients/.done
	$(VENV)-clients/bin/python -m pytest tests/web/test_clients.py

# Every comparison of speed beside pinned peers, in an environment of its own, and the table in
# docs/benchmarks.md; `peers-quick` only checks that all of them answer alike.
PEERS := $(VENV)-peers/bin/python -m benchmarks.peers.run_all
RESULTS := benchmarks/peers/results.json
peers: $(VENV)-peers/.done
	$(PEERS) --json $(RESULTS)
	$(PEERS) --table $(RESULTS) --page docs/benchmarks.md

peers-quick: $(VENV)-peers/.done
	$(PEERS) --quick

$(VENV)-%/.done: requirements/%.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)-$*
	$(VENV)-$*/bin/python -m pip install --disable-pip-version-check --quiet \
		--require-hashes -r requirements/$*.txt
	$(VENV)-$*/bin/python -m pip install --disable-pip-version-check --quiet \
		--no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.core: requirements/core.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/core.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.core

# Renew the locks: python -m pip install pip-tools, then make lock.
LOCK := python -m piptools compile --quiet --generate-hashes --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe
lock:
	$(LOCK) --output-file requirements/core.txt requirements/core.in pyproject.toml
	$(LOCK) --output-file requirements/dev.txt requirements/dev.in pyproject.toml
	$(LOCK) --output-file requirements/spark.txt requirements/spark.in
	$(LOCK) --output-file requirements/recipes.txt requirements/recipes.in
	$(LOCK) --output-file requirements/browser.txt requirements/browser.in
	$(LOCK) --output-file requirements/calls.txt requirements/calls.in pyproject.toml
	$(LOCK) --extra web --output-file requirements/clients.txt requirements/clients.in pyproject.toml
	$(LOCK) --extra peers --output-file requirements/peers.txt requirements/core.in pyproject.toml

clean:
	rm -rf $(VENV) $(VENV)-calls $(VENV)-lowest $(VENV)-clients $(VENV)-peers build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
