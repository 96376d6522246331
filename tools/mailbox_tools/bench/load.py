"""A client that calls at a fixed rate, whether or not earlier calls have been answered.

Usage: python -m mailbox_tools.bench.load ORDER.json, which holds ``host``, ``port``, ``path``,
``headers``, ``bodies`` (used in turn), ``rate`` (calls a second) and ``seconds``. Writes
``statuses`` and ``seconds`` (from the moment a call was due to its whole answer) to stdout.

One connection a call: Odoo's workers close theirs after every answer. The client closes its end
once the answer is whole, as reverse proxies do: a worker whose client does not waits for 10 ms
after the answer whether more is coming (Werkzeug, ``WSGIRequestHandler.run_wsgi``).
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

#: Seconds until an answer counts as none.
_PATIENCE = 30.0


class Load:
    """The calls of one order."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._statuses: Counter[str] = Counter()
        self._seconds: list[float] = []

    async def run(self) -> dict[str, Any]:
        """Make every call when it is due; the result as data."""
        rate = float(self._order["rate"])
        start, calls = time.monotonic(), []
        for number in range(int(rate * float(self._order["seconds"]))):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            calls.append(asyncio.create_task(self._call(number, due)))
        await asyncio.gather(*calls)
        return {"statuses": dict(self._statuses), "seconds": self._seconds}

    async def _call(self, number: int, due: float) -> None:
        try:
            status = await asyncio.wait_for(self._exchange(self._request(number)), _PATIENCE)
        except (OSError, ValueError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            status = type(error).__name__
        self._statuses[status] += 1
        self._seconds.append(time.monotonic() - due)

    async def _exchange(self, request: bytes) -> str:
        reader, writer = await asyncio.open_connection(self._order["host"], self._order["port"])
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
        finally:
            writer.close()
        return head[9:12].decode("ascii", "replace")

    def _request(self, number: int) -> bytes:
        body = str(self._order["bodies"][number % len(self._order["bodies"])]).encode()
        headers = {
            "Host": f"{self._order['host']}:{self._order['port']}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **self._order["headers"],
        }
        lines = [f"POST {self._order['path']} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _length(head: bytes) -> int:
    """Bytes of the body. Raises ValueError for an answer that does not say."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length")


def main(arguments: list[str]) -> None:
    """Carry out the order of a file."""
    order = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    print(json.dumps(asyncio.run(Load(order).run())))


if __name__ == "__main__":
    main(sys.argv[1:])
