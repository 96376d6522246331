# The whole command surface. Each target calls the tooling; logic lives in tools/mailbox_tools.
PYTHON ?= python3
SETUP = PYTHONPATH=tools $(PYTHON) -m mailbox_tools.setup
RUN = PYTHONPATH=tools $(PYTHON) -m mailbox_tools.run

.PHONY: setup
setup:
	@$(SETUP)
