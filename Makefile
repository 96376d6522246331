# The whole command surface. Each target calls the tooling; logic lives in tools/mailbox_tools.
PYTHON ?= python3
SETUP = PYTHONPATH=tools $(PYTHON) -m mailbox_tools.setup
RUN = PYTHONPATH=tools $(PYTHON) -m mailbox_tools.run

.PHONY: help setup demo test check test-core test-sandbox test-contract test-odoo test-tours e2e
.PHONY: bench docs peer-test requirements pot

help:
	@echo "make setup | demo | test | check | bench | docs | peer-test | requirements | pot"
	@echo "make test-core | test-sandbox | test-contract | test-odoo | test-tours | e2e"

setup:
	@$(SETUP)

demo:
	@$(RUN) mailbox_tools.demo

test:
	@$(RUN) mailbox_tools.run_tests

test-core:
	@$(RUN) mailbox_tools.run_tests core sandbox contract

test-sandbox test-contract test-odoo test-tours:
	@$(RUN) mailbox_tools.run_tests $(@:test-%=%)

e2e:
	@$(RUN) mailbox_tools.run_tests e2e

check:
	@$(RUN) mailbox_tools.check

bench:
	@$(RUN) mailbox_tools.bench

docs:
	@$(RUN) mailbox_tools.reference
	@$(RUN) mailbox_tools.docs

peer-test:
	@$(RUN) mailbox_tools.peer_test

requirements:
	@$(RUN) mailbox_tools.requirements

pot:
	@$(RUN) mailbox_tools.pot
