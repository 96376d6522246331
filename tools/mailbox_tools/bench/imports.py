"""One import of a whole mailbox, measured: the work of rows A1 to A5."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mailbox_tools.bench import mails
from mailbox_tools.bench.stage import Scene, Stage, connect, connected_scene
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.env import ToolingError

#: Seconds between two looks at the progress.
_GLANCE = 0.1
#: Seconds without progress after which the run is given up.
_PATIENCE = 120.0
#: Seconds after which a refused call counts against row A3: the bucket has been learned by then.
MINUTE = 60.0
#: Counts of stored mails whose moment is noted.
MARKS = (50, 500)
FIRST_MEMORY = 1000


@dataclass
class Import:
    """The figures of one import; seconds count from the start of connecting."""

    mails: int
    cpu: float = 0.0
    seconds: float = 0.0
    marks: dict[int, float] = field(default_factory=dict)
    statements: int | None = None
    body_cpu: float | None = None
    memory_first: float = 0.0
    memory_last: float = 0.0
    memory_growth: float = 0.0
    usage: dict[str, Any] = field(default_factory=dict)
    late_refusals: int = 0
    outcome: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As data for the report, without the long lists of the outcome."""
        values = asdict(self)
        values["outcome"] = {
            name: value for name, value in self.outcome.items() if isinstance(value, int)
        }
        return values


def measure(stage: Stage, mail: Path, quota: str, sample: Sequence[int] = ()) -> Import:
    """Import ``mail`` over a provider with a quota profile; ``sample`` are places (oldest first) of
    mails whose bodies are opened and whose attachments are hashed afterwards."""
    with connected_scene(stage, "bench_import", mail, quota) as (scene, provider, client):
        result = Import(len(mails.files(mail)))
        before = stage.statements(scene.database) if stage.counts_statements else 0
        cpu, started = scene.cpu(), time.monotonic()
        connect(client, quota)
        _watch(scene, provider, result, started)
        result.seconds = time.monotonic() - started
        result.cpu = scene.cpu() - cpu
        _weigh(scene, result)
        if stage.counts_statements:
            result.statements = stage.statements(scene.database) - before
        result.usage = provider.control("GET", "quota")
        result.outcome = _outcome(scene)
        if sample:
            _open_bodies(scene, client, result, sample)
    return result


def _watch(scene: Scene, provider: Any, result: Import, started: float) -> None:
    """Wait for the end of the import, noting the marks. Raises ToolingError when it stops."""
    connection = scene.stage.watch(scene.database)
    done, moved, refused = -1, time.monotonic(), None
    first: dict[int, float] = {}
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT COALESCE(message_count, 0), import_ended_at FROM mailbox")
            count, ended = cursor.fetchone()
            passed = time.monotonic() - started
            if count != done:
                done, moved = count, time.monotonic()
            for mark in MARKS:
                if count >= mark:
                    result.marks.setdefault(mark, passed)
            if count >= FIRST_MEMORY and not first:
                first = scene.memory()
            if refused is None and passed >= MINUTE:
                refused = provider.control("GET", "quota")["refused"]
            if ended:
                break
            if time.monotonic() - moved > _PATIENCE:
                raise ToolingError(f"the import stands still at {count}: {scene.odoo.log}")
            time.sleep(_GLANCE)
    connection.close()
    if refused is not None:
        result.late_refusals = provider.control("GET", "quota")["refused"] - refused
    result.memory_first = max(first.values(), default=0.0)
    result.memory_growth = _growth(first, scene.memory())


def _growth(first: dict[int, float], last: dict[int, float]) -> float:
    """Megabytes by which the process that grew most has grown."""
    return max((last[pid] - size for pid, size in first.items() if pid in last), default=0.0)


def _weigh(scene: Scene, result: Import) -> None:
    result.memory_last = max(scene.memory().values(), default=0.0)


def _outcome(scene: Scene) -> dict[str, Any]:
    """What the import left, to be compared with the mails and with the peers."""
    stage, database = scene.stage, scene.database
    rows = stage.query(
        """SELECT message_id, raw_sha256 FROM mailbox_message
           WHERE disposition = 'stored' ORDER BY id""",
        database,
    )
    needles = [
        scene.one(
            """SELECT count(*) FROM mailbox_message
               WHERE search_vector @@ websearch_to_tsquery('simple', %s)""",
            f"needle{number}q",
        )
        for number in range(mails.NEEDLES)
    ]
    return {
        "messages": len(rows),
        "ids": sorted(row[0].strip("<>") for row in rows),
        "sources": sorted(row[1] for row in rows),
        "threads": scene.one("SELECT count(*) FROM mailbox_conversation"),
        "attachments": scene.one("SELECT count(*) FROM mailbox_attachment"),
        "needles": needles,
        "quarantined": scene.one(
            "SELECT count(*) FROM mailbox_message WHERE disposition = 'quarantined'"
        ),
    }


def _open_bodies(scene: Scene, client: OdooClient, result: Import, sample: Sequence[int]) -> None:
    """Open messages as the screen does and take the price of one; then hash their attachments."""
    names = [f"<bench.{number}@mail.example>" for number in sample]
    found = scene.stage.query(
        "SELECT id, message_id FROM mailbox_message WHERE message_id = ANY(%s)",
        scene.database,
        names,
    )
    before = scene.cpu()
    opened = [client.call("mailbox.message", "get_body", [id_]) for id_, _name in found]
    result.body_cpu = (scene.cpu() - before) / max(1, len(opened))
    hashes = []
    for body in opened:
        for part in body["attachments"]:
            if not part["inline"]:
                answer = client.web.get(client.url + part["url"], timeout=120)
                hashes.append(hashlib.sha1(answer.content).hexdigest())
    result.outcome["sample"] = {
        "ids": sorted(name.strip("<>") for _id, name in found),
        "files": sorted(hashes),
        "readable": sum(bool(body["html"] or body["text"]) for body in opened),
    }
