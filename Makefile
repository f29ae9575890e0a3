# The developer's whole interface. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# In the order of the tree: files with few tests are the slow ones here, and nothing slow may come last.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run check test test-long bench pictures lock messages clean prerequisites

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.postgres ## Install what the product needs and start it (the demo, if nothing is configured)
	@$(BIN)/yingda run $(ARGS)

check: $(VENV)/.dev ## Lint, types, architecture, templates, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m console.i18n check
	$(BIN)/python -m tests.house
	$(BIN)/pip check

test: $(VENV)/.test browser php ## Run the everyday suite
	$(BIN)/pytest -m "not long" $(SIDE_BY_SIDE) $(ARGS)

test-long: $(VENV)/.test browser php cluster ## Run everything, the tests that take minutes included
	$(BIN)/pytest $(SIDE_BY_SIDE) $(ARGS)

coverage: $(VENV)/.test browser php ## Run the everyday suite and hold it to the coverage gates
	$(BIN)/pytest -m "not long" $(SIDE_BY_SIDE) --cov --cov-report=term:skip-covered $(ARGS)
	$(BIN)/python -m tests.coverage_gates

bench: $(VENV)/.test ## Print the speeds, as ratios of references taken in the same run
	$(BIN)/python -m benchmarks $(ARGS)

pictures: $(VENV)/.test browser ## Take the README's pictures anew, in docs/pictures
	YINGDA_PICTURES=docs/pictures $(BIN)/pytest tests/e2e/test_pictures.py -q

messages: $(VENV)/.dev ## Collect the console's texts for translation
	$(BIN)/python -m console.i18n update

lock: $(VENV)/.dev ## Resolve the dependencies anew and pin them with hashes
	$(BIN)/pip install --quiet uv
	for set in "dev:--extra test --extra postgres --extra dev" "test:--extra test --extra postgres" \
	  "postgres:--extra postgres" "run:"; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml \
	    --extra build --extra fast --extra semantic $${set#*:} \
	    -c requirements/dev.txt -o requirements/$${set%%:*}.txt || exit 1; \
	done

clean: ## Remove the environment and all caches; the data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov

prerequisites:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing. Debian, Ubuntu: sudo apt-get install python3 python3-venv; macOS: brew install python@3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed. If you have one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing. Debian, Ubuntu: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/bin/python: | prerequisites
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# One stamp a set; a later set contains the earlier ones, so installing it never removes anything.
# The lock is complete, so pip resolves nothing: a newer release of some extra cannot break an old lock.
$(VENV)/.%: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing requirements/$*.txt"
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/$*.txt
	@$(BIN)/pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

.PHONY: browser cluster coverage php
# Without windows it begins in half the time; where there is no such package, the whole one will do.
browser:
	@command -v chromium-headless-shell >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium for the browser tests"; \
	    timeout 120 apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-remove chromium-headless-shell fonts-noto-cjk >/dev/null; \
	  fi; } || true
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	  else \
	    echo "no Chromium: the browser tests will be skipped; Debian, Ubuntu: sudo apt-get install chromium-headless-shell fonts-noto-cjk"; \
	  fi; }

php:
	@command -v php >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing PHP for the website's signing example"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y -qq --no-install-recommends php-cli >/dev/null; \
	  else \
	    echo "no PHP: its signing example will not be tried; Debian, Ubuntu: sudo apt-get install --no-install-recommends php-cli"; \
	  fi; }

cluster:
	@{ command -v patroni && command -v etcd && ls /usr/lib/postgresql/*/bin/postgres; } >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing PostgreSQL, Patroni and etcd for the fail-over tests"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y -qq --no-install-recommends postgresql patroni etcd-server >/dev/null; \
	  else \
	    echo "no cluster: the fail-over tests will be skipped; Debian, Ubuntu: sudo apt-get install --no-install-recommends postgresql patroni etcd-server"; \
	  fi; }
