"""Rows A3 and A4 under Gmail's strict quota of 2026: a real token bucket, in real time."""

from pathlib import Path

from mailbox_tools.bench import imports
from mailbox_tools.bench.gates import Figure, figure
from mailbox_tools.bench.imports import Import
from mailbox_tools.bench.stage import Stage
from mailbox_tools.env import say

PROFILE = "v2"
_UNITS_A_SECOND = 6000 / 60
_GET = 20


def run(stage: Stage, mail: Path) -> Import:
    """Import a mailbox under the strict profile on both sides."""
    say("import under the strict quota, in real time")
    return imports.measure(stage, mail, PROFILE)


def figures(one: Import) -> list[Figure]:
    """The rows. What is needed: one get a mail; listing and labels come on top."""
    needed = one.mails * _GET / _UNITS_A_SECOND
    late = [one.marks[500] - 500 * _GET / _UNITS_A_SECOND] if 500 in one.marks else []
    note = f"{one.mails} mails in {one.seconds:.0f} s; the gets alone need {needed:.0f} s"
    refused = float(one.late_refusals if one.seconds > imports.MINUTE else one.usage["refused"])
    return [
        figure("A3", [one.seconds / needed], f"{note}, of which 10 s may be saved up before"),
        figure("A3 units", [one.usage["units"] / one.mails]),
        figure("A3 refused", [refused]),
        figure("A4 500", late, "" if late else "fewer mails than that"),
    ]
