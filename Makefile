# Two commands do most of it: `make demo` shows the intranet, `make test` proves it.
PORT ?= 8000
PYTHON ?= python3
PY := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: demo run test lint check help

.venv/run: requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/run
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: .venv/run ## A filled, fictional organisation at http://localhost:8000/ (PORT=… for another port)
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py demo
	@$(PY) manage.py start --port $(PORT)

run: .venv/run ## The same without demo data
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py start --port $(PORT)

test: .venv/dev ## All tests; the browser tests need Chromium and are skipped without it
	@$(PY) -m pytest -q

lint: .venv/dev ## Style
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

check: lint ## Style, system checks, missing migrations, all tests
	@$(PY) manage.py check --fail-level WARNING
	@SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') $(PY) manage.py check --deploy --fail-level WARNING
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) -m pytest -q

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10
