"""Writes i18n/ADDON.pot of our addons with Odoo's own exporter: `make pot`.

Usage: python -m mailbox_tools.pot [ADDON…]
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mailbox_tools import databases, odoo_config, paths, postgres
from mailbox_tools.env import ToolingError, command_line, say
from mailbox_tools.postgres import Server

_DATABASE = "pot"

#: Header fields that say when; without them the same terms give the same file.
_DATES = ("POT-Creation-Date:", "PO-Revision-Date:")


def undated(text: str) -> str:
    """Return a catalogue without the header lines that change with every export."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'"{d}' for d in _DATES)))


def export(server: Server, addon: str) -> str:
    """Return the catalogue of an addon that is installed in the database for it."""
    http_port, gevent_port = odoo_config.free_ports(2)
    instance = odoo_config.Instance(_DATABASE, _DATABASE, server, http_port, gevent_port)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, f"{addon}.pot")
        command = [paths.python(), paths.environment() / "bin" / "odoo-bin", "i18n", "export"]
        options = ["-c", odoo_config.write(instance), "-d", _DATABASE, "-o", target, addon]
        done = subprocess.run(
            [str(part) for part in [*command, *options]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode or not target.is_file():
            raise ToolingError(f"Odoo did not export {addon}:\n{done.stdout[-2000:]}")
        return undated(target.read_text(encoding="utf-8"))


def renew(server: Server, addon: str) -> None:
    """Write an addon's catalogue. Its database holds nothing but what the addon needs: others add
    fields, and so terms, to its models."""
    databases.create_database(server, _DATABASE, [addon])
    try:
        text = export(server, addon)
    finally:
        databases.drop_database(server, _DATABASE)
    target = paths.ADDONS / addon / "i18n" / f"{addon}.pot"
    before = target.read_text(encoding="utf-8") if target.is_file() else ""
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    say(f"{target.name}: {'as it was' if text == before else 'written'}")


@command_line
def main(arguments: Sequence[str]) -> int:
    """Export every addon, or those named, and say which catalogues changed."""
    with postgres.server() as server:
        for addon in list(arguments) or paths.own_addons():
            renew(server, addon)
    return 0


if __name__ == "__main__":
    main()
