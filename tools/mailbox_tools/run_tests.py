"""Runs the tiers of tests, prints a table and closes with one line of counts.

Usage: python -m mailbox_tools.run_tests [TIER…]

The exit code is not 0 when a test failed, when a tier crashed, and when a tier that has tests ran
none. A tier without tests is named as such.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from mailbox_tools import postgres, tiers
from mailbox_tools.env import ToolingError, command_line, need_debian_package, say
from mailbox_tools.tiers import Result, Tier


def choose(names: Sequence[str], known: Iterable[Tier]) -> list[Tier]:
    """Return the tiers of the given names, all when none is given. Raises ToolingError."""
    by_name = {tier.name: tier for tier in known}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ToolingError(f"there is no tier {unknown[0]}; there are: {', '.join(by_name)}")
    return [tier for tier in by_name.values() if not names or tier.name in names]


def run(chosen: Sequence[Tier]) -> dict[str, Result]:
    """Run tiers one after the other, with a database server and a browser where one needs them."""
    present = [tier for tier in chosen if not tier.absent()]
    for tier in (tier for tier in chosen if tier.absent()):
        say(f"{tier.name}: {tier.absent()}")
    if any(tier.needs_browser for tier in present):
        need_debian_package("chromium", "the tests with a browser", command="chromium")
    results: dict[str, Result] = {}
    with ExitStack() as stack:
        server = None
        if any(tier.needs_server for tier in present):
            server = stack.enter_context(postgres.server())
        for tier in present:
            say(f"── {tier.name}")
            results[tier.name] = tier.run(server)
    return results


def table(results: Mapping[str, Result]) -> str:
    """Return the results as a table for people."""
    rows = [f"{'tier':<14}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}"]
    for name, result in results.items():
        counts = f"{result.passed:>8}{result.failed:>8}{result.skipped:>8}{result.seconds:>9.1f}"
        rows.append(f"{name:<14}{counts}  {result.trouble}".rstrip())
    return "\n".join(rows)


def closing_line(results: Mapping[str, Result]) -> str:
    """Return "N passed, N failed", and ", N skipped" when any; a crashed tier is one failure."""
    passed = sum(result.passed for result in results.values())
    skipped = sum(result.skipped for result in results.values())
    crashed = sum(1 for result in results.values() if result.trouble and not result.failed)
    failed = sum(result.failed for result in results.values()) + crashed
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


@command_line
def main(arguments: Sequence[str]) -> int:
    """Run the named tiers, or all."""
    results = run(choose(arguments, tiers.all_tiers()))
    print(f"\n{table(results)}\n")
    print(closing_line(results), flush=True)
    return 0 if results and all(result.good for result in results.values()) else 1


if __name__ == "__main__":
    main()
