# Two commands do everything: `make run` opens the dashboard, `make test` checks the whole product.

PY := .venv/bin/python
ADDRESS ?= 127.0.0.1
.DEFAULT_GOAL := help
.PHONY: help run test test-heavy lint types mlflow lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "make %-11s %s\n", $$1, $$2}'

run: .venv/.for-run ## install what is missing and open the dashboard on 127.0.0.1 (PORT=8501)
	@$(PY) -m core settings --check --address "$(ADDRESS)"
	@$(PY) -m streamlit run streamlit_app.py --server.address "$(ADDRESS)" --logger.hideWelcomeMessage false $(if $(PORT),--server.port $(PORT))

test: .venv/.for-test ## lint, types and every test that is not slow
	@$(PY) tests/browser/chromium.py
	@$(MAKE) --no-print-directory lint types
	@$(PY) -m pytest -n 2 --dist loadfile -m "not slow"

test-heavy: .venv/.for-test ## the slow tests
	@$(PY) tests/browser/chromium.py
	@$(PY) -m pytest -n 2 --dist loadfile -m slow

lint: .venv/.for-test ## style
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: .venv/.for-test ## types of core
	@$(PY) -m mypy

mlflow: .venv/.for-run ## the tracking pages of training runs on 127.0.0.1:5000
	@$(PY) -m mlflow ui --host 127.0.0.1 --workers 1 --backend-store-uri \
		"$$($(PY) -c 'from core.config import settings; print(settings().tracking_uri)')"

lock: ## resolve anew what the pinned packages bring (takes uv)
	@: > .ci/constraints.txt
	@uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
		--custom-compile-command "make lock" requirements.txt tests/requirements.txt -o .ci/constraints.txt

clean: ## remove what make made; models, data and the product's home stay
	@rm -rf .venv .venv.log .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.for-run: requirements.txt .ci/constraints.txt .ci/environment
	@.ci/environment requirements.txt
	@touch $@

.venv/.for-test: .venv/.for-run tests/requirements.txt
	@.ci/environment requirements.txt tests/requirements.txt
	@touch $@
