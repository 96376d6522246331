"""What a batch writes down at its end: links and decisions, one statement each."""

from dataclasses import dataclass, field

from odoo.tools import SQL
from psycopg2.extras import Json

from ..store import sql

_LINK = {
    "message_id": "int4",
    "mailbox_id": "int4",
    "conversation_id": "int4",
    "rfc_id": "varchar",
    "model": "varchar",
    "res_id": "int4",
    "mail_message_id": "int4",
    "route_id": "int4",
    "alias_id": "int4",
    "origin": "varchar",
    "opened": "bool",
    "is_primary": "bool",
}
_DECISION = {
    "message_id": "int4",
    "mailbox_id": "int4",
    "outcome": "varchar",
    "reason": "varchar",
    "urgency": "varchar",
    "urgency_found": "jsonb",
    "score": "int4",
    "route_id": "int4",
    "steps": "jsonb",
    "otherwise": "jsonb",
    "target_model": "varchar",
    "user_id": "int4",
    "record_ref": "varchar",
}


@dataclass
class Book:
    """``links`` and ``decisions`` are the values of rows to be."""

    env: object
    links: list = field(default_factory=list)
    decisions: list = field(default_factory=list)

    def settle(self):
        """Write it all. Two jobs that wrote about the same mail collide here, and the later one is
        started again: PostgreSQL refuses a row that its snapshot does not see."""
        self.env.flush_all()
        # A rule that opened a record for a copy of a mail keeps its line: the unique index says so.
        self._insert("mailbox.link", _LINK, self.links)
        self._insert("mailbox.decision", _DECISION, self.decisions)
        self.links, self.decisions = [], []
        for model in ("mailbox.link", "mailbox.decision", "mailbox.message"):
            self.env[model].invalidate_model(flush=False)

    def _insert(self, model, types, rows):
        if not rows:
            return
        values = [{name: _plain(row.get(name), types[name]) for name in types} for row in rows]
        self.env.cr.execute(
            SQL(
                """INSERT INTO %(table)s (%(names)s, create_uid, create_date, write_uid, write_date)
                   SELECT %(columns)s, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s,
                       now() AT TIME ZONE 'UTC'
                   FROM %(rows)s ON CONFLICT DO NOTHING""",
                table=SQL.identifier(self.env[model]._table),
                names=sql.identifiers(types),
                columns=sql.columns("v", types),
                uid=self.env.uid,
                rows=sql.unnest(types, values),
            )
        )


def _plain(value, type_):
    if value is None or value is False:
        return False if type_ == "bool" else None
    return Json(value) if type_ == "jsonb" else value
