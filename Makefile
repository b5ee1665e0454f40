# Everything that is done with this repository by hand. GNU make 3.81 (macOS) or newer.

FUNCTIONS := $(filter $(notdir $(wildcard crates/*)), \
  s3-to-teamcity stat-prep stat-analysis apigw-log-retention codebuild-slack api-loopback)

# What is built: one, or all.
WANTED = $(or $(FN),$(FUNCTIONS))
comma := ,
space := $(subst ,, )

# cargo-lambda comes with the virtual environment.
CARGO_LAMBDA = PATH="$(CURDIR)/.venv/bin:$$PATH" cargo lambda
STACK := .venv/nightshift-requirements
DICTIONARY := dictionary/ko.image
# What decides how the image comes out.
DICTIONARY_SOURCES := crates/ko-morph/make-dictionary.sh crates/ko-morph/dictionary-requirements.txt \
  $(wildcard crates/ko-morph/src/bin/*.rs crates/ko-morph/src/build/*.rs) \
  $(patsubst %,crates/ko-morph/src/%.rs,analysis character image tag trie)
# Where `make watch` answers, and `make invoke` asks.
PORT ?= 9000
ENDPOINT ?= http://127.0.0.1:$(PORT)

.PHONY: help setup dictionary demo test check build bench deploy invoke watch smoke clean
.DELETE_ON_ERROR:

help: ## say what there is
	@echo 'make …'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' Makefile

setup: $(STACK) ## make .venv: PostgreSQL, moto and cargo-lambda, pinned

dictionary: $(DICTIONARY) ## make dictionary/ko.image, which stat-analysis embeds

demo: $(STACK) $(DICTIONARY) ## a month from the schedule to the mail, checked; TEXTS=file.tsv for texts of your own
	cargo build --bins
	@cargo run --quiet --bin demo -- $(if $(TEXTS),--texts '$(TEXTS)')

test: $(STACK) $(DICTIONARY) ## every test; BROWSER=none leaves out those that open the report in a browser
	@$(if $(filter none,$(BROWSER)),,sh infra/local/browser.sh)
	cargo test --workspace $(if $(filter none,$(BROWSER)),-- --skip browser::)

check: ## formatting, lints and documentation, without set-up
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --no-default-features

build: $(STACK) $(if $(filter stat-analysis,$(WANTED)),$(DICTIONARY)) ## the functions for Lambda as zips, in target/deploy; FN=name for one; ARCH=x86_64 or arm64
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python infra/build.py \
	  $(subst $(space),$(comma),$(FUNCTIONS)) $(ARCH) -- $(WANTED)

bench: $(STACK) $(if $(filter stat-analysis,$(WANTED)),$(DICTIONARY)) ## start-up, memory and size beside a Python function, against the budgets; FN=name for one
	cargo build --release $(patsubst %,--package %,$(FUNCTIONS)) $(patsubst %,--bin %,$(WANTED))
	@cargo run --quiet --bin bench -- $(WANTED)

deploy: $(STACK) ## send FN=name to your AWS account, as built by make build; FLAGS=…
	@$(call need,FN,the function: $(FUNCTIONS))
	@[ -f 'target/lambda/$(FN)/bootstrap' ] || [ -n "$$CARGO_TARGET_DIR" ] \
	  || { echo 'target/lambda/$(FN)/bootstrap is missing: run make build FN=$(FN) first' >&2; exit 2; }
	@echo 'needs AWS credentials and a Region in the environment or in AWS_PROFILE; variables, role and trigger: see crates/$(FN)/README.md'
	$(CARGO_LAMBDA) deploy $(FLAGS) $(FN)

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
	cargo build --bins
	@PATH="$(CURDIR)/.venv/bin:$$PATH" cargo run --quiet --bin demo -- \
	  --serve --lambda http://127.0.0.1:$(PORT) -- \
	  cargo lambda watch --concurrency 4 --invoke-address 127.0.0.1 --invoke-port $(PORT)

smoke: ## try a deployed stage of infra/openapi.yaml; URL=https://…/dev
	@$(call need,URL,the address of a stage: https://….execute-api.….amazonaws.com/dev)
	@$(or $(wildcard .venv/bin/python),python3) crates/api-loopback/smoke.py '$(URL)'

clean: ## remove all that make has made: target, .venv, dictionary
	cargo clean
	rm -rf .venv dictionary

need = [ -n '$($(1))' ] || { echo '$(1)= is missing. Expected $(2)' >&2; exit 2; }

# An environment that is there already is brought up to date.
$(STACK): infra/local/requirements.txt
	@if ! .venv/bin/python -c 'import pip' 2>/dev/null; then \
	  python=; \
	  for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; \
	    then python=$$candidate; break; fi; \
	  done; \
	  [ -n "$$python" ] || { \
	    echo 'no Python 3.10 or newer with venv was found.' >&2; \
	    echo 'Debian and Ubuntu: apt install python3-venv; macOS: brew install python; or PYTHON=/path/to/python3' >&2; \
	    exit 1; }; \
	  echo "making .venv with $$($$python --version)"; \
	  rm -rf .venv; "$$python" -m venv .venv || exit 1; \
	fi
	@rm -f $@; \
	{ .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off --requirement $< 2>&1 \
	  && touch $@; } | tee .venv/pip.log | awk -v total="$$(grep -c '^[A-Za-z].*==' $<)" -v terminal="$$(test -t 1 && echo 1)" ' \
	  /^(Collecting|Requirement already)/ { \
	    done++; \
	    if (terminal) printf "\r\033[K  %d of %d Python packages", done, total; \
	    else if (done % 10 == 0 || done == total) printf "  %d of %d Python packages\n", done, total; \
	    fflush() } \
	  /^Installing/ { printf "%s  installing them%s", terminal ? "\r\033[K" : "", terminal ? "" : "\n"; fflush() } \
	  END { if (terminal) printf "\r\033[K" }'; \
	[ -f $@ ] || { tail -n 20 .venv/pip.log >&2; echo 'set-up failed: the log is .venv/pip.log' >&2; exit 1; }

$(DICTIONARY): $(DICTIONARY_SOURCES) | $(STACK)
	sh crates/ko-morph/make-dictionary.sh .venv/bin/python $@
