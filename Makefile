# Every target does its own set-up under .work; nothing outside the checkout changes. `make help` lists them.

SHELL = /bin/sh
HOST =
SERVICES =
TRUST =
SERVER_NAME =
GATE_FUZZ_SECONDS = 600
ARGS =
PYTHON_VERSIONS = 3.14 3.13 3.12 3.11
SETUP = sh tests/tools/setup.sh venv dev $(PYTHON_VERSIONS)
VENV_PYTHON = .work/venv/bin/python
PEERS = sh tests/tools/setup.sh peers peers 3.13 3.12 3.11
CHECK = $(VENV_PYTHON) tests/tools/check.py

.PHONY: help setup demo verify test lint unit sanity build integration matrix kernel molecule fuzz test-all test-report \
	test-peers bench-wire bench-role test-kernel test-kernel-long bench-filter format changelog lock clean

help:
	@echo 'make demo                   watch the gate pass a good mail server and stop at a bad one'
	@echo 'make verify HOST=NAME       hold a mail server against RFC 8314, as its clients see it'
	@echo 'make test                   all tests; a part: lint, unit, sanity, build, integration, matrix, kernel, molecule'
	@echo 'make test-all               the slow ones too: fuzz, test-peers, bench-wire, and the scenario on all servers that are known'
	@echo 'make fuzz                   ten minutes of damaged input for every parser (GATE_FUZZ_SECONDS=600)'
	@echo 'make test-kernel            the packet filter against the kernel, as root: every trap, and random rulesets (three minutes)'
	@echo 'make test-kernel-long       3,000 random rulesets and 1,500,000 packets (ARGS="--seed 7" for others; goes on where it was)'
	@echo 'make test-report            the report in a real browser, and held against its schemas'
	@echo 'make test-peers             compare the TLS sensor with sslyze, sslscan, nmap and testssl.sh (a quarter of an hour)'
	@echo 'make bench-wire             measure a look at seven mail ports, ours and the peers'\'''
	@echo 'make bench-role             measure the role beside wait_for, openssl s_client and assert in loops (root)'
	@echo 'make bench-filter           measure a look at the packet filter next to what nft takes to print it (root)'
	@echo 'make format                 let ruff format and mend the Python code'
	@echo 'make changelog              write CHANGELOG.md for the version in galaxy.yml from changelogs/fragments'
	@echo 'make lock                   move the development tools to their newest versions'
	@echo 'make clean                  remove everything that these commands made'

setup:
	@$(SETUP)

demo: setup
	@$(VENV_PYTHON) tests/demo/run.py

verify: setup
	@$(VENV_PYTHON) tests/demo/verify.py "$(HOST)" $(if $(SERVICES),--services "$(SERVICES)") \
		$(if $(TRUST),--trust "$(TRUST)") $(if $(SERVER_NAME),--server-name "$(SERVER_NAME)")

test: setup
	@$(CHECK)

lint unit sanity build integration matrix kernel molecule: setup
	@$(CHECK) $@

test-all: setup
	@$(PEERS)
	@$(CHECK) && $(CHECK) slow

fuzz: setup
	@GATE_FUZZ_SECONDS=$(GATE_FUZZ_SECONDS) $(VENV_PYTHON) tests/fuzz/run.py

test-kernel: setup
	@$(CHECK) kernel

test-kernel-long: setup
	@$(VENV_PYTHON) tests/kernel/long_run.py $(ARGS)

test-report: setup
	@$(CHECK) report

test-peers: setup
	@$(PEERS)
	@sh tests/peers/run.sh tests/peers/compare_all.py $(ARGS)

bench-wire: setup
	@$(PEERS)
	@sh tests/peers/run.sh tests/bench/bench_wire.py $(ARGS)

bench-role: setup
	@$(VENV_PYTHON) tests/bench/bench_role.py $(ARGS)

bench-filter: setup
	@$(VENV_PYTHON) tests/bench/bench_filter.py --plot docs/filter-growth.svg $(ARGS)

format: setup
	@.work/venv/bin/ruff check --fix --quiet; .work/venv/bin/ruff format

changelog: setup
	@ANSIBLE_HOME="$(CURDIR)/.work/ansible" PATH="$(CURDIR)/.work/venv/bin:$$PATH" \
		antsibull-changelog release --reload-plugins --update-existing

lock: setup
	@sh tests/tools/lock.sh

clean:
	@[ ! -d .work/lab ] || sh tests/lab/clean.sh
	rm -rf .work .ansible .hypothesis tests/output mailops-gate-*.tar.gz
