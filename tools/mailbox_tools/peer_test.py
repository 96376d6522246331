"""Runs Odoo's own suites without and with our addons and compares test by test.

Usage: python -m mailbox_tools.peer_test [ADDON…]

By default test_mail, then google_gmail and crm together. Those of our addons take part that need
nothing but what the suites and mailbox_sync need: tests that run while addons load fail in a
database that has columns of addons which load later. It fails when one test got worse: passed
without our addons, but not with them.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from mailbox_tools import databases, modules, odoo_tests, paths, postgres
from mailbox_tools.env import ToolingError, command_line, need_debian_package, say
from mailbox_tools.odoo_log import FAILED, PASSED, SKIPPED, Outcome
from mailbox_tools.postgres import Server

GROUPS = (("test_mail",), ("google_gmail", "crm"))
#: The addon that all others of ours need.
_CORE = "mailbox_sync"


def worse(without: Mapping[str, str], with_ours: Mapping[str, str]) -> dict[str, str]:
    """Return what became of the tests that passed without our addons and no longer do."""
    good = sorted(name for name, status in without.items() if status == PASSED)
    now = {name: with_ours.get(name, "did not run") for name in good}
    return {name: status for name, status in now.items() if status != PASSED}


def summary(outcome: Outcome) -> str:
    """Return the counts of a run."""
    counts = [f"{outcome.count(status)} {status}" for status in (PASSED, FAILED, SKIPPED)]
    return ", ".join(counts)


def fitting(suites: Sequence[str]) -> list[str]:
    """Return those of our addons that need nothing beyond the suites and the core addon."""
    needed = set(modules.closure([*suites, _CORE]))
    return [name for name in paths.own_addons() if set(modules.split([name])[0]) <= needed]


def _run(server: Server, database: str, suites: Sequence[str], own: bool) -> Outcome:
    databases.create_database(server, database, [*suites, *fitting(suites)], own=own)
    tags = ",".join(f"/{name}" for name in suites)
    outcome = odoo_tests.run(server, database, tags, update=suites)
    databases.drop_database(server, database)
    if not outcome.finished:
        raise ToolingError(f"Odoo did not finish its own suites in {database}")
    return outcome


@command_line
def main(arguments: Sequence[str]) -> int:
    """Run both sides side by side and print what got worse."""
    return max(_compare(suites) for suites in ([arguments] if arguments else GROUPS))


def _compare(suites: Sequence[str]) -> int:
    missing = [name for name in suites if not any((p / name).is_dir() for p in paths.addons_path())]
    if missing:
        raise ToolingError(f"this Odoo has no {missing[0]}: set ODOO_HOME to one that ships it")
    need_debian_package("chromium", "Odoo's tests with a browser", command="chromium")
    say(f"running {', '.join(suites)} without and with {', '.join(fitting(suites))}")
    with postgres.server() as server, ThreadPoolExecutor(2) as pool:
        without = pool.submit(_run, server, "peer_without", suites, False)
        ours = pool.submit(_run, server, "peer_with", suites, True)
        before, after = without.result(), ours.result()
    print(f"without our addons: {summary(before)}\nwith our addons:    {summary(after)}")
    changed = worse(before.tests, after.tests)
    for name, status in changed.items():
        print(f"worse: {name} passed, now: {status}")
    print(f"{len(changed)} of {before.count(PASSED)} tests got worse")
    return 1 if changed or not before.tests else 0


if __name__ == "__main__":
    main()
