"""The short report at the end of the demo, for people and as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

#: Keys of the JSON report, in the order in which they are printed.
LABELS = {
    "provider_messages": "messages at the provider",
    "stored": "stored",
    "filtered": "left out by a rule",
    "quarantined": "quarantined",
    "duplicates": "duplicates",
    "unexplained": "unexplained",
    "folders": "folders",
    "attachments": "attachments",
    "import_seconds": "import, seconds",
    "rate_per_second": "messages a second",
}

#: What became of the scene's mails, as it is printed.
ROUTED = {
    "leads": "leads opened by mail",
    "tickets": "tickets opened by mail",
    "tasks": "tasks opened by mail",
    "replies": "replies on their record",
    "held": "held for a person",
    "approved": "approved",
    "rejected": "rejected",
    "refused": "refused strangers",
    "acknowledged": "acknowledgements, one each",
    "posted": "posted to a channel",
    "forwarded": "sent on",
    "calls": "signed calls",
}

#: What the trial of a rule says, as it is printed.
TRIED = {
    "record_count": "  records would exist",
    "conflict_count": "  in conflict",
    "disagree_count": "  against a person",
}


def latency(samples: Sequence[float]) -> dict[str, float | None]:
    """Return p50 and p95 of seconds, in whole milliseconds; None when nothing arrived."""
    if not samples:
        return {"p50": None, "p95": None}
    if len(samples) == 1:
        return {"p50": round(samples[0] * 1000), "p95": round(samples[0] * 1000)}
    cuts = quantiles(samples, n=20, method="inclusive")
    return {"p50": round(cuts[9] * 1000), "p95": round(cuts[18] * 1000)}


def passed(report: dict[str, Any]) -> bool:
    """Tell whether every message is accounted for and none is there twice."""
    complete = (
        report["stored"] + report["filtered"] + report["quarantined"] == report["provider_messages"]
    )
    return bool(complete and not report["unexplained"] and not report["duplicates"])


def write(path: Path, report: dict[str, Any]) -> None:
    """Write the JSON report."""
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def text(report: dict[str, Any]) -> str:
    """Return the report as a small table."""
    lines = [f"  {label:<26}{report[key]:>10}" for key, label in LABELS.items()]
    live = report["live_latency_ms"]
    if live["p50"] is not None:
        lines.append(f"  {'provider to database, ms':<26}{live['p50']:>10}  (p95 {live['p95']})")
    push = report.get("push") or {}
    if push.get("expires_at"):
        lines.append(f"  {'push ' + push['state'] + ', watch ends':<26}{push['expires_at']:>20}")
    routed = report.get("routed") or {}
    lines += [f"  {label:<26}{routed[key]:>10}" for key, label in ROUTED.items() if key in routed]
    if "tried" in routed:
        tried = routed["tried"]
        matches = f"{tried['match_count']} of {tried['looked_at']}"
        lines.append(f"  {'rule tried on past mail':<26}{matches:>10}")
        for name, label in TRIED.items():
            if name in tried:
                lines.append(f"  {label:<26}{tried[name]:>10}")
    parity = report["provider_messages"] - report["unexplained"]
    share = 100 * parity / report["provider_messages"] if report["provider_messages"] else 100
    lines.append(f"  {'parity with the provider':<26}{share:>9.1f}%")
    return "\n".join(lines)
