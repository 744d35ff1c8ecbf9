# Everything runs in .venv, which each target sets up by itself; only Python 3.11 or newer is needed before.
# Another Python has an environment of its own: `make test PYTHON=3.13` makes .venv-3.13, with python3.13.
PYTHON ?= python3
JOBS ?= 2
NUMBER := $(filter 3.%,$(PYTHON))
VENV ?= .venv$(if $(NUMBER),-$(NUMBER))
NAMED := $(if $(filter file default,$(origin PYTHON)),,named)
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: same-python help setup demo test lowest colab-check test-groundingdino export notebooks readme docs bench weights lite lock clean

help: ## What each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-18s %s\n", $$1, $$2}'

SET_UP = $(if $(NUMBER),python$(NUMBER),$(PYTHON)) tools/set_up.py

same-python: # an environment is of the Python that was named, or make stops
	@$(if $(NAMED),$(SET_UP) same $(VENV),:)
$(VENV)/.base: requirements.lock settings.ini setup.py pyproject.toml | same-python
	@$(SET_UP) base $(VENV)
$(VENV)/.dev: requirements-dev.lock settings.ini setup.py pyproject.toml | same-python
	@$(SET_UP) dev $(VENV)

setup: $(VENV)/.dev ## The full environment: base, extras, development tools
demo: $(VENV)/.base ## The main job on real photos (installs the base only; Ctrl-C ends it, what was made stays)
	@$(PY) -m airl demo
test: $(VENV)/.dev ## Every check and every notebook, half an hour on two cores (JOBS=2; FLAGS="slow network" runs those cells too; PYTHON=3.13 in .venv-3.13)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal --flags "$(FLAGS)"
lowest: $(VENV)/.dev ## Notebooks at the lowest versions that settings.ini allows, in .venv-lowest and -extras (gigabytes the first time; NB="01 02a" for some)
	@$(PY) tools/lowest.py $(NB)
colab-check: $(VENV)/.dev ## Whether installing airl in Colab would change a package of Colab's (.ci/colab.txt), by uv; needs the package index
	@$(PY) tools/colab_check.py
test-groundingdino: $(VENV)/.dev ## The authors' GroundingDINO package against transformers, equal boxes on equal weights (its own environment, transformers 4)
	@$(PY) tools/original_dino.py
export: $(VENV)/.dev ## Notebooks to airl/
	@$(BIN)/nbdev_export
notebooks: $(VENV)/.dev ## Run the notebooks in place, keep their figures, clean them (NB="05_photos 07_scene" for some)
	@$(PY) tools/notebooks.py $(NB)
readme: $(VENV)/.dev ## README.md from nbs/index.ipynb
	@$(PY) tools/readme.py
docs: $(VENV)/.dev ## The site, into _docs (needs Quarto)
	@$(PY) tools/docs.py build
bench: $(VENV)/.dev ## The questions in benchmarks/, their figures into its history (QUICK=1: ten minutes; FILES="cli_start doors"; AGAINST=REV: two trees in turn)
	@$(PY) tools/bench.py $(if $(QUICK),--quick) $(if $(AGAINST),--against $(AGAINST)) $(FILES)
weights: $(VENV)/.dev ## Train every weight that ships again (hours on a GPU, days without; needs the data that nbs/19_shipped_weights.ipynb names; `make weights lite`: only those of lite)
	@$(PY) -m airl.shipped_weights $(filter lite,$(MAKECMDGOALS))
lite:
	@:
lock: $(VENV)/.dev ## requirements.lock and requirements-dev.lock from settings.ini (UPGRADE=1 for the newest)
	@$(PY) tools/lock.py $(if $(UPGRADE),--upgrade)
clean: ## Remove what was built; the environment stays
	@rm -rf _docs _proc build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache nbs/nbdev.yml out
