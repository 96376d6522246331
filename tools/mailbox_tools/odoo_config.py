"""Writes the odoo.conf of one Odoo: addons path, database server, jobs, mailbox settings."""

import configparser
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mailbox_tools import paths
from mailbox_tools.postgres import Server

#: Channel capacities of the queue_job runner. History is kept to one job at a time, so that new
#: mail, outgoing commands and the screens always find a free worker.
CHANNELS = (
    "root:4,root.mailbox:3,root.mailbox.sync:2,root.mailbox.backfill:1,root.mailbox.outbox:2,"
    "root.mailbox.route:1,root.mailbox.care:1"
)


@dataclass(frozen=True)
class Instance:
    """One Odoo process group: its folder, database, server and ports.

    ``mailbox`` becomes section [mailbox] (keys, provider endpoints); ``options`` go last.
    """

    name: str
    database: str
    server: Server
    http_port: int
    gevent_port: int
    workers: int = 0
    jobs: bool = False
    mailbox: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where odoo.conf and the log lie."""
        return paths.workspace() / "instances" / self.name


def data_folder() -> Path:
    """Return Odoo's data_dir of this checkout: filestores and sessions of every database."""
    return paths.workspace() / "data"


def free_ports(count: int) -> list[int]:
    """Return free ports on the loopback interface, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port of the loopback interface."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still fading is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def sections(instance: Instance) -> dict[str, dict[str, str]]:
    """Return the sections of the configuration file."""
    wide = ["base", "rpc", "web", *(["queue_job"] if instance.jobs else [])]
    options = {
        "addons_path": ",".join(str(path) for path in paths.addons_path()),
        "data_dir": str(data_folder()),
        "db_host": instance.server.host,
        "db_port": str(instance.server.port),
        "db_user": instance.server.user,
        "db_password": instance.server.password or "False",
        "db_name": instance.database,
        "dbfilter": f"^{instance.database}$",
        "list_db": "False",
        "http_interface": "127.0.0.1",
        "http_port": str(instance.http_port),
        "gevent_port": str(instance.gevent_port),
        "workers": str(instance.workers),
        "max_cron_threads": "1",
        "server_wide_modules": ",".join(wide),
        "without_demo": "True",
        **instance.options,
    }
    found = {"options": options}
    if instance.jobs:
        address = {"scheme": "http", "host": "127.0.0.1", "port": str(instance.http_port)}
        found["queue_job"] = {"channels": CHANNELS, **address}
    if instance.mailbox:
        found["mailbox"] = dict(instance.mailbox)
    return found


def write(instance: Instance) -> Path:
    """Write the file, for its owner only (it holds passwords and keys), and return its path."""
    parser = configparser.RawConfigParser()
    parser.read_dict(sections(instance))
    instance.folder.mkdir(parents=True, exist_ok=True)
    path = instance.folder / "odoo.conf"
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        parser.write(file)
    return path
