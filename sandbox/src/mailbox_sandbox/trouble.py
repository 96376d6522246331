"""Turning a planned fault into what happens on the wire; shared by every face."""

from __future__ import annotations

import gzip
from dataclasses import replace

from .faces.exchange import Outgoing
from .faults import Fault
from .wire import Wire


def before(fault: Fault) -> Outgoing | None:
    """Return the answer of a fault that strikes before the call is carried out."""
    if fault.fault == "refused":
        return Outgoing(wire=Wire(close=True))
    return None


def after(fault: Fault, answer: Outgoing) -> Outgoing:
    """Return *answer* as the fault leaves it; the call itself has been carried out."""
    args = fault.args
    if fault.fault == "lose_reply":
        return replace(answer, wire=Wire(close=True))
    if fault.fault == "hang":
        return replace(answer, wire=Wire(hang=float(args.get("seconds", 60)), close=True))
    if fault.fault == "slow":
        return replace(answer, wire=Wire(rate=float(args.get("rate", args.get("bytes", 1)))))
    if fault.fault == "reset_midbody":
        return replace(answer, wire=Wire(cut=float(args.get("share", 0.5))))
    if fault.fault == "half_json":
        return replace(answer, body=answer.body[: max(1, len(answer.body) // 2)])
    if fault.fault == "half_gzip":
        packed = gzip.compress(answer.body)
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, body=packed[: max(12, len(packed) // 2)], headers=headers)
    return answer
