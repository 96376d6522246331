"""Runs inside Odoo's process: fills a mailbox by SQL, calls lists and searches as the web client
does, and prints what each call took, as JSON.

Usage: python -m mailbox_tools.bench.lists_worker CONFIGURATION DATABASE MESSAGES
"""

import json
import sys
import time
from ast import literal_eval
from typing import Any
from xml.etree import ElementTree

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

SMALL = 10_000
CALLS, STOCK_CALLS = 60, 15
PAGES = 5
#: Rows to a statement, so that no transaction becomes huge.
_STEP = 100_000
RARE, COMMON, SENDER = "rareword", "w30", "person77"
#: Forty words after Zipf's law: the first stands in nearly every mail, ``COMMON`` in one of eight.
_WORDS = """(SELECT string_agg('w' || floor(power(30000, random()))::int, ' ')
    FROM generate_series(1, 40) AS k WHERE k + g.n > 0)"""
_MESSAGES = f"""
    WITH added AS (
        INSERT INTO mailbox_message (mailbox_id, stream_id, remote_id, disposition, date,
            header_date, from_name, from_email, to_text, subject, snippet, size, is_seen,
            is_flagged, is_answered, is_draft, is_important, has_attachment, message_id, is_held,
            flags_known, folders_known, is_stale, lane, generation, create_date, write_date,
            search_vector)
        SELECT %(mailbox)s, %(stream)s, 'bench' || g.n, 'stored', at, at,
            'Person ' || g.n %% 2000,
            'person' || g.n %% 2000 || '@firm' || g.n %% 300 || '.example',
            'demo@example.com', left(words, 60), left(words, 150), 4000, g.n %% 8 > 0,
            g.n %% 97 = 0, false, false, false, g.n %% 12 = 0,
            '<list.' || g.n || '@mail.example>', true,
            true, true, false, 'history', 1, now(), now(),
            to_tsvector('simple', words || ' person' || g.n %% 2000
                || CASE WHEN g.n %% (%(rare)s) = 0 THEN ' {RARE}' ELSE '' END)
        FROM generate_series(%(low)s, %(high)s) AS g(n),
            LATERAL (SELECT {_WORDS} AS words, timestamp '2024-03-01' + g.n * interval '67 s' AS at)
            AS made
        RETURNING id, date, remote_id
    )
    INSERT INTO mailbox_placement (mailbox_id, message_id, folder_id, generation, date)
    SELECT %(mailbox)s, a.id, f.id, 1, a.date FROM added a
    JOIN mailbox_folder f ON f.mailbox_id = %(mailbox)s AND (f.role = 'all'
        OR f.role = CASE WHEN a.id %% 10 < 3 THEN 'inbox' WHEN a.id %% 10 = 3 THEN 'sent'
            WHEN a.id %% 100 = 4 THEN 'trash' END)"""
_STOCK = """
    INSERT INTO mail_message (model, res_id, message_type, subject, body, date, author_id,
        email_from, message_id, create_date, write_date, is_internal)
    SELECT 'res.partner', %(record)s, 'email', 'Subject ' || g.n, '<p>Body ' || g.n || '</p>',
        timestamp '2024-03-01' + g.n * interval '67 s', %(record)s,
        'person' || g.n %% 2000 || '@example.com', '<stock.' || g.n || '@mail.example>',
        now(), now(), false
    FROM generate_series(%(low)s, %(high)s) AS g(n)"""


class Lists:
    """The calls, as a user who owns the mailbox."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            self._make(env)
            action = env["ir.actions.act_window"]._for_xml_id("mailbox_sync.mailbox_message_action")
            self._domain = literal_eval(action["domain"] or "[]")
            self._context = literal_eval(action["context"] or "{}")
            self._specification = _specification(env["mailbox.message"], "list")
            self._stock_specification = _specification(env["mail.message"], "list")

    def _make(self, env: Any) -> None:
        groups = [env.ref(name).id for name in ("base.group_user", "mailbox_sync.group_user")]
        user = env["res.users"].create(
            {
                "name": "Bench",
                "login": "bench",
                "email": "bench@example.com",
                "group_ids": [(6, 0, groups)],
            }
        )
        settings = {"name": "Bench", "provider": "gmail", "address": "demo@example.com"}
        mailbox = env["mailbox"].create({**settings, "owner_id": user.id})
        stream = env["mailbox.stream"].create({"mailbox_id": mailbox.id, "kind": "mail"})
        env["mailbox.folder"].create(
            [
                {"mailbox_id": mailbox.id, "remote_id": role, "name": role, "role": role}
                for role in ("inbox", "sent", "trash", "junk", "all")
            ]
        )
        self.uid, self.partner = user.id, user.partner_id.id
        self.values = {"mailbox": mailbox.id, "stream": stream.id}

    def fill(self, low: int, high: int) -> None:
        """Messages with these numbers, and statistics as autovacuum leaves them."""
        rare = max(1, high // 40)
        for start in range(low, high + 1, _STEP):
            end = min(start + _STEP - 1, high)
            self._execute(_MESSAGES, {**self.values, "low": start, "high": end, "rare": rare})
        self._vacuum()

    def fill_stock(self, count: int) -> None:
        """As many messages of Odoo's own, on a contact that the user may read."""
        for start in range(1, count + 1, _STEP):
            end = min(start + _STEP - 1, count)
            self._execute(_STOCK, {"record": self.partner, "low": start, "high": end})
        self._vacuum()

    def _execute(self, statement: str, values: dict[str, Any]) -> None:
        with self._registry.cursor() as cr:
            cr.execute(statement, values)

    def _vacuum(self) -> None:
        """Statistics as autovacuum keeps them: so many new rows are far above its threshold."""
        with self._registry.cursor() as cr:
            cr.commit()
            cr._cnx.autocommit = True
            cr.execute("VACUUM ANALYZE")
            cr._cnx.autocommit = False

    def page(self, number: int, more: tuple[Any, ...] = ()) -> float:
        """Milliseconds of one page of the list."""
        return self._call(
            "mailbox.message", [*self._domain, *more], self._specification, number, 50, 10_001
        )

    def stock(self, number: int) -> float:
        """Milliseconds of one page of Odoo's list of messages, on the same terms."""
        domain = [("message_type", "=", "email")]
        return self._call("mail.message", domain, self._stock_specification, number, 50, 10_001)

    def _call(
        self, model: str, domain: list[Any], specification: dict[str, Any], page: int, limit: int,
        count: int,
    ) -> float:  # fmt: skip
        with self._registry.cursor() as cr:
            env = api.Environment(cr, self.uid, self._context)
            began = time.perf_counter()
            answer = env[model].web_search_read(
                domain, specification, offset=page * limit, limit=limit, count_limit=count
            )
            seconds = time.perf_counter() - began
            assert answer["length"], f"nothing found: {domain}"
            return 1000 * seconds

    def measure(self) -> dict[str, list[float]]:
        """The calls of one size, the first of each kind not counted."""
        words = {
            "rare": (("search_text", "=", RARE),),
            "common": (("search_text", "=", COMMON),),
            "sender": (("search_text", "ilike", f"{SENDER} w3"),),
            "inbox": (("folder_ids.role", "=", "inbox"),),
        }
        kinds: dict[str, tuple[Any, ...]] = {"page": (), **words}
        found: dict[str, list[float]] = {}
        for kind, more in kinds.items():
            deep = PAGES if kind == "page" else 1
            self.page(0, more)
            found[kind] = sorted(self.page(call % deep, more) for call in range(CALLS))
        return found


def _specification(model: Any, kind: str) -> dict[str, Any]:
    """The fields that the web client asks for: those of the view."""
    arch = ElementTree.fromstring(model.get_view(view_type=kind)["arch"])
    names = {node.attrib["name"] for node in arch.iter("field")}
    shown: dict[str, Any] = {"fields": {"display_name": {}}}
    return {name: shown if model._fields[name].relational else {} for name in sorted(names)}


def main(arguments: list[str]) -> None:
    """Measure with ten thousand messages, then with all."""
    configuration, database, count = arguments
    odoo.tools.config.parse_config(["-c", configuration, "--log-level=critical"])
    lists = Lists(Registry(database))
    lists.fill(1, SMALL)
    found: dict[str, Any] = {"small": lists.measure()}
    lists.fill(SMALL + 1, int(count))
    found["large"] = lists.measure()
    lists.fill_stock(int(count))
    lists.stock(0)
    found["stock"] = sorted(lists.stock(call % PAGES) for call in range(STOCK_CALLS))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
