# Two commands do most of it: `make demo` shows the intranet, `make test` proves it.
PORT ?= 8000
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
PY := .venv/bin/python
TESTS := $(PY) -m pytest -q -n auto --dist loadgroup
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
NEWCOMER := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
.DEFAULT_GOAL := help
.PHONY: demo run test evidence lint types check lock texts screenshots help

# The first Python of the list that will do makes .venv; a half-made or broken one is made again.
.venv/run: requirements.txt
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
		for python in $(PYTHON); do \
			if $$python -c "$(NEWCOMER)" 2>/dev/null; then \
				echo "Installing into .venv with $$($$python --version), about a minute the first time"; \
				exec $$python -m venv --clear .venv; \
			fi; \
		done; \
		echo "Python 3.11, 3.12, 3.13 or 3.14 with venv is needed; found: $$(python3 --version 2>&1)."; \
		echo "Debian, Ubuntu: apt install python3-venv. Elsewhere: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; \
		exit 1; }
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt requirements-s3.txt .venv/run
	@$(PIP) -r requirements-dev.txt
	@touch $@

demo: .venv/run ## A filled, fictional organisation at http://localhost:8000/ (PORT=8001 for another port)
	@$(PY) manage.py start --demo --port $(PORT)

run: .venv/run ## The same without demo data
	@$(PY) manage.py start --port $(PORT)

test: .venv/dev ## What a change needs, on all cores
	@$(TESTS) -m "not slow"

evidence: .venv/dev ## The slow tests; those in the browser need Chromium and are skipped without it
	@$(TESTS) -m slow

lint: .venv/dev ## Style
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@! test -x .venv/bin/hadolint || .venv/bin/hadolint Dockerfile
	@.venv/bin/compose-lint check compose.yaml >.venv/compose-lint.txt 2>&1 || { cat .venv/compose-lint.txt; exit 1; }

types: .venv/dev ## Types, strict in trace, queue, outbox and files
	@.venv/bin/mypy --no-error-summary

check: lint types ## Style, types, system checks, missing migrations, the doctor on a filled demo, all tests
	@$(PY) manage.py check --fail-level WARNING
	@SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') $(PY) manage.py check --deploy --fail-level WARNING
	@$(PY) manage.py makemigrations --check --dry-run
	@folder=$$(mktemp -d); export DATABASE_URL=sqlite:///$$folder/db.sqlite3 MEDIA_ROOT=$$folder/media; \
		$(PY) manage.py migrate -v 0 && $(PY) manage.py demo -v 0 >/dev/null && $(PY) manage.py doctor -v 0; \
		status=$$?; rm -r $$folder; exit $$status
	@$(MAKE) --no-print-directory test evidence

lock: .venv/dev ## requirements.lock, after a change of requirements.txt
	@.venv/bin/uv pip compile requirements.txt requirements-s3.txt --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

texts: .venv/dev ## The catalogues of translations in step with the code; says what is to do
	@DJANGO_SETTINGS_MODULE=intranet.settings $(PY) -m intranet.tests.texts

screenshots: .venv/dev ## The README's pictures, drawn anew from the demo
	@$(PY) docs/screenshots.py

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14
