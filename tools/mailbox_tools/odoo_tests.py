"""Runs the tests of addons in a fresh database made from a template.

Usage: python -m mailbox_tools.odoo_tests [--tags TAGS] [ADDON…]

Without addons: all of ours. TAGS are Odoo's --test-tags; without them, all tests of the addons
run but those that need a browser (tag mailbox_tour).
"""

import argparse
import sys
from collections.abc import Sequence

from mailbox_tools import databases, odoo_config, odoo_log, paths, postgres
from mailbox_tools.env import ToolingError, command_line
from mailbox_tools.postgres import Server

#: The tag of tests that drive a browser (tours and Hoot suites); they form a tier of their own.
BROWSER_TAG = "mailbox_tour"


def default_tags(addons: Sequence[str]) -> str:
    """Return the --test-tags for all tests of the addons but those with a browser."""
    return ",".join([*(f"/{name}" for name in addons), f"-{BROWSER_TAG}"])


def run(
    server: Server,
    database: str,
    tags: str,
    *,
    install: Sequence[str] = (),
    update: Sequence[str] = (),
) -> odoo_log.Outcome:
    """Run tests by tag in a database; what went wrong goes to standard error.

    Addons to ``install`` or ``update`` run all their tests while they load. Without either, the
    post-install tests of every installed addon run.
    """
    http_port, gevent_port = odoo_config.free_ports(2)
    instance = odoo_config.Instance(database, database, server, http_port, gevent_port)
    arguments = ["--test-enable", f"--test-tags={tags}", "--stop-after-init"]
    if install:
        arguments += ["-i", ",".join(install)]
    if update:
        arguments += ["-u", ",".join(update)]
    done = databases.run_odoo(instance, arguments)
    (instance.folder / "tests.log").write_text(done.stdout, encoding="utf-8")
    outcome = odoo_log.read(done.stdout.splitlines())
    if done.returncode and not outcome.count(odoo_log.FAILED):
        outcome.finished = False
    if done.returncode or outcome.troubles or not outcome.tests:
        sys.stderr.write(odoo_log.interesting(done.stdout))
    return outcome


@command_line
def main(arguments: Sequence[str]) -> int:
    """Install the addons in a fresh database, run their tests and print the count."""
    parser = argparse.ArgumentParser(prog="odoo_tests")
    parser.add_argument("--tags")
    parser.add_argument("addons", nargs="*")
    chosen = parser.parse_args(arguments)
    addons = chosen.addons or paths.own_addons()
    if not addons:
        raise ToolingError("there are no addons to test")
    database = f"test_{'_'.join(addons)}"[:60]
    with postgres.server() as server:
        databases.create_database(server, database, addons, own=False)
        tags = chosen.tags or default_tags(addons)
        outcome = run(server, database, tags, install=addons)
        databases.drop_database(server, database)
    passed, failed, skipped = (
        outcome.count(status) for status in (odoo_log.PASSED, odoo_log.FAILED, odoo_log.SKIPPED)
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if outcome.finished and not failed and outcome.tests else 1


if __name__ == "__main__":
    main()
