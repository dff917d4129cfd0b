# What people type. Everything else is a plain command that these print.
#
#   make demo                                    set everything up, make a sample film, subtitle it
#   make test                                    set up what the tests need, run them; TESTS="…": some of them
#   make film MEDIA=… SOURCE=hi TARGETS=en TITLE="…" YEAR=2008
#   make shelf DIR=… SOURCE=hi TARGETS=en        all films of a folder: the new ones, and what is not done yet
#   make model MODEL=large-v3                    fetch a model into the cache (LANGUAGES=hi,en: with their aligners)
#   make test-kills                              let each stage fail in ten ways (400 cases), kill the demo at 20 moments
#   make test-clock                              take 370 kinds of films through stages 01, 09, 10 (half an hour)
#   make fuzz                                    give ten thousand hostile inputs to all readers (ten minutes)
#   make setup                                   what the others set up first: programs, environments, a model
#   make docs                                    the pages as a site with search, in build/docs
#   make check                                   lint, format, types, import contracts
#   make coverage                                all tests, and which lines of scripts/ none of them runs
#   make bench                                   a whole run beside the whisperx command
#   make bench-subtitles                         the cues beside those of other programs
#   make lock                                    pin anew what the environments ask for
#   make clean                                   remove what is made anew: build/ and Snakemake's state

SHELL := /bin/bash
.DEFAULT_GOAL := help

PROFILE ?= profiles/local-cpu
MODEL ?= base
SOURCE ?=
TARGETS ?=
TESTS ?=
SAMPLE := build/sample/samvad_sample.mp4
DEMO := out/2025/01/01/demo/1/10_mux/manifest.json
SNAKEMAKE := .venv/bin/snakemake

# A name given on the command line may hold anything. It reaches the commands through the environment, untouched by
# make: `value` keeps make from expanding a $ in it.
FREE_TEXT := MEDIA TITLE YEAR SOURCE TARGETS USER_NAME GLOSSARY TMDB_FILE WORKFLOW STAGES_OFF TMDB_ID NAME_OVERRIDES \
	REVIEW DIR AUDIO_TRACK AUDIO_CHANNEL OWN_MODEL
OWN_MODEL := $(if $(findstring command line,$(origin MODEL)),$(value MODEL))
$(foreach name,$(FREE_TEXT),$(eval override $(name) := $$(value $(name))))
export $(FREE_TEXT)

# A variable that nothing reads is a typo, such as TARGET=hi: it is refused, not swallowed.
KNOWN := $(FREE_TEXT) PROFILE MODEL LANGUAGES TESTS FUZZ SHELL
UNKNOWN := $(filter-out $(KNOWN) MAKEFLAGS MAKEOVERRIDES,$(foreach name,$(.VARIABLES),$(if \
	$(findstring command line,$(origin $(name))),$(name))))
ifneq ($(strip $(UNKNOWN)),)
$(error There is no variable $(strip $(UNKNOWN)). The variables are $(filter-out SHELL,$(KNOWN)))
endif

.PHONY: help docs setup demo test coverage test-kills test-clock fuzz check film shelf model lock bench bench-subtitles clean

help:
	@sed -n 's/^#   make/make/p' Makefile

setup:
	@envs/system-tools
	@envs/setup
	@envs/fetch-model base || echo "samvad: without its smallest model; films with another that is here can be made" >&2
	@echo "Samvad is ready: programs and environments are set up."

demo: setup $(SAMPLE)
	@echo "$(SNAKEMAKE) --profile $(PROFILE) $(DEMO)"
	@SAMVAD_SUMMARY=no $(SNAKEMAKE) --profile $(PROFILE) $(DEMO)
	@echo; ./samvad show $(patsubst %/10_mux/manifest.json,%,$(DEMO))

$(SAMPLE): scripts/samvad/commands/make_sample_film.py $(wildcard scripts/samvad/sample/*.py)
	@echo "Making the sample film"
	@./samvad make-sample-film --output $@ --truth $(@:.mp4=.truth.json)

# Bash: the options of ./samvad film and ./samvad shelf that variables stand for; an empty one says nothing.
WISHES = options=(--profile="$(PROFILE)"); \
	say() { [ -z "$$2" ] || options+=("$$1=$$2"); }; \
	say --source "$$SOURCE"; say --targets "$$TARGETS"; say --user "$$USER_NAME"; say --workflow "$$WORKFLOW"; \
	say --glossary "$$GLOSSARY"; say --name-overrides "$$NAME_OVERRIDES"; say --stages-off "$$STAGES_OFF"; \
	say --audio-track "$$AUDIO_TRACK"; say --audio-channel "$$AUDIO_CHANNEL"; say --review "$$REVIEW"; \
	say --model "$$OWN_MODEL"

film: setup
	@[ -n "$$MEDIA" ] || { echo 'Name a film: make film MEDIA=path SOURCE=hi TARGETS=en TITLE="…" YEAR=2008' >&2; exit 2; }
	@$(WISHES); say --title "$$TITLE"; say --year "$$YEAR"; say --tmdb-file "$$TMDB_FILE"; say --tmdb-id "$$TMDB_ID"; \
	case "$$MEDIA" in -*) MEDIA=./$$MEDIA ;; esac; ./samvad film "$${options[@]}" "$$MEDIA"

shelf: setup
	@[ -n "$$DIR" ] || { echo 'Name a folder: make shelf DIR=path SOURCE=hi TARGETS=en' >&2; exit 2; }
	@$(WISHES); case "$$DIR" in -*) DIR=./$$DIR ;; esac; ./samvad shelf "$${options[@]}" "$$DIR"

model:
	@envs/system-tools
	@envs/setup asr
	@envs/fetch-model $(MODEL) $(if $(LANGUAGES),--languages=$(LANGUAGES))

test: setup $(SAMPLE)
	@envs/setup dev oldest-snakemake
	@envs/test-tools
	@$(call dev,python) -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(TESTS)

coverage: setup $(SAMPLE)
	@envs/setup dev oldest-snakemake
	@envs/test-tools
	@tests/coverage/run --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test-kills: setup
	@envs/setup dev
	@SAMVAD_KILLS=20 $(call dev,python) -m pytest tests/workflow/test_redo.py tests/workflow/test_random_kills.py

test-clock: setup
	@envs/setup dev
	@SAMVAD_CLOCK=all $(call dev,python) -m pytest --numprocesses=auto --maxprocesses=4 --dist=load tests/stages/test_clock_*.py

fuzz: setup
	@envs/setup dev
	@PYTHONPATH=scripts:tests:benchmarks $(call dev,python) tests/hostile.py $(FUZZ)
	@SAMVAD_FUZZ=2000 $(call dev,python) -m pytest --quiet tests/unit/test_subtitles_mutated.py

docs:
	@envs/setup docs
	@NO_MKDOCS_2_WARNING=1 "$$(. envs/lib.bash; environment_dir docs)"/bin/mkdocs build --strict
	@echo "build/docs/index.html"

check:
	@envs/setup workflow dev
	$(call dev,ruff) check scripts tests benchmarks
	$(call dev,ruff) format --check scripts tests benchmarks
	$(call dev,snakefmt) --check Snakefile rules
	$(call dev,mypy)
	PYTHONPATH=scripts $(call dev,lint-imports)
	$(SNAKEMAKE) --lint

bench: setup $(SAMPLE)
	@envs/setup dev
	@$(call dev,python) benchmarks/end_to_end.py --minutes 2.5 5 10

bench-subtitles: setup $(SAMPLE)
	@envs/setup dev
	@$(call dev,python) benchmarks/subtitles.py
	@$(call dev,python) benchmarks/shots.py

lock:
	envs/lock

# A run at work keeps the lock of its mark. The sample film stays while there is a job of it.
clean:
	@for mark in .snakemake/samvad_runs/*.json; do [ ! -e "$$mark" ] || flock -n "$$mark" true || \
		{ echo "A run is at work here ($$mark): nothing is removed." >&2; exit 1; }; done
	@if [ -d $(patsubst %/10_mux/manifest.json,%,$(DEMO)) ]; then \
		echo "$(SAMPLE) stays: the demo's job in out/ is made of it."; \
		find build -mindepth 1 ! -path $(dir $(SAMPLE))\* ! -path build/sample -delete; else rm -rf build; fi
	rm -rf .snakemake

dev = "$$(. envs/lib.bash; environment_dir dev)"/bin/$(1)
