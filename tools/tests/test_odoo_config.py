"""The odoo.conf of an instance."""

import configparser
import socket
import stat
from pathlib import Path

import pytest

from mailbox_tools import odoo_config, paths
from mailbox_tools.postgres import Server

SERVER = Server("127.0.0.1", 5433, "odoo", "secret")


def test_the_file_holds_every_section_and_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "workspace", lambda: tmp_path)
    endpoint = {"gmail_api": "http://127.0.0.1:9/x%y"}
    instance = odoo_config.Instance(
        "demo", "demo", SERVER, 8069, 8072, workers=4, jobs=True, mailbox=endpoint
    )
    path = odoo_config.write(instance)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parser = configparser.RawConfigParser()
    parser.read(path)
    assert parser["options"]["server_wide_modules"] == "base,rpc,web,queue_job"
    assert parser["options"]["db_password"] == "secret"
    assert parser["queue_job"]["port"] == "8069"
    assert dict(parser["mailbox"]) == endpoint


def test_without_jobs_there_is_no_runner() -> None:
    found = odoo_config.sections(odoo_config.Instance("t", "t", SERVER, 1, 2))
    assert list(found) == ["options"]
    assert "queue_job" not in found["options"]["server_wide_modules"]


def test_free_ports_differ() -> None:
    assert len(set(odoo_config.free_ports(5))) == 5


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not odoo_config.is_free(port)
    assert odoo_config.is_free(port)
