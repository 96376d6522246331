"""One database and one fork server for the whole tier; each test begins with them fresh."""

import os
from collections.abc import Iterator

import pytest
from harness.provider import Provider
from harness.stage import Databases, Stage

from mailbox_tools import odoo_config, postgres
from mailbox_tools.postgres import Server

DATABASE = f"test_e2e_{os.getpid()}"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL that the PG* variables name, else the private one."""
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="session")
def port() -> int:
    """Where every sandbox listens: Odoo is told the address once."""
    return odoo_config.free_ports(1)[0]


@pytest.fixture(scope="session")
def loaded(server: Server, port: int) -> Iterator[Databases]:
    """The fresh database and the fork server."""
    made = Databases(server, DATABASE, f"http://127.0.0.1:{port}")
    yield made
    made.close()


@pytest.fixture
def provider(port: int) -> Iterator[Provider]:
    """A sandbox of the test's own."""
    running = Provider(port)
    yield running
    running.stop()


@pytest.fixture
def stage(loaded: Databases, provider: Provider) -> Stage:
    """A fresh database, a fresh sandbox with one empty account, not connected yet."""
    loaded.reset()
    return Stage(loaded, provider)
