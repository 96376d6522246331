"""Moves stored messages between conversations because a person says so. In the caller's
transaction; a page that brings mail at the same time collides here and is started again.
"""

from collections.abc import Iterable

from odoo.tools import SQL

from mailbox_core.conversations import group

from ..threads import keys_of_row
from . import sql
from .conversations import NAME_CHARACTERS, PEOPLE_CHARACTERS
from .matches import COLUMNS


def shift(env, message_ids: Iterable[int], conversation_id: int) -> None:
    """Put messages, and their links to records, into a conversation; counts are brought up to
    date."""
    ids = sorted(message_ids)
    env.flush_all()
    env.cr.execute("SELECT DISTINCT conversation_id FROM mailbox_message WHERE id = ANY(%s)", [ids])
    left = {row[0] for row in env.cr.fetchall()} - {None}
    for table, column in (("mailbox_message", "id"), ("mailbox_link", "message_id")):
        env.cr.execute(
            SQL(
                "UPDATE %s SET conversation_id = %s WHERE %s = ANY(%s)",
                SQL.identifier(table),
                conversation_id,
                SQL.identifier(column),
                ids,
            )
        )
    recount(env, left | {conversation_id})


def recount(env, conversation_ids: Iterable[int]) -> None:
    """Say anew what conversations are: subject, people, dates and numbers of their messages."""
    env.cr.execute(
        SQL(
            """WITH mail AS (
                   SELECT m.* FROM mailbox_message m
                   WHERE m.conversation_id = ANY(%(ids)s) AND m.disposition = 'stored'
               ), person AS (
                   SELECT conversation_id, min(date) AS first,
                       left(COALESCE(NULLIF(from_name, ''), from_email), %(name)s) AS name
                   FROM mail GROUP BY 1, 3
               )
               UPDATE mailbox_conversation c SET subject = v.subject,
                   participants = COALESCE(p.names, ''), first_date = v.first_date,
                   last_date = v.last_date, message_count = v.message_count,
                   unread_count = v.unread_count, write_date = now() AT TIME ZONE 'UTC'
               FROM (SELECT a.id, (array_agg(mail.subject ORDER BY mail.date, mail.remote_id))[1]
                             AS subject, min(mail.date) AS first_date, max(mail.date) AS last_date,
                         count(mail.id) AS message_count,
                         count(mail.id) FILTER (WHERE NOT COALESCE(mail.is_seen, FALSE))
                             AS unread_count
                     FROM unnest(%(ids)s) AS a(id) LEFT JOIN mail ON mail.conversation_id = a.id
                     GROUP BY a.id) v
               LEFT JOIN (SELECT conversation_id,
                              left(string_agg(name, ', ' ORDER BY first), %(people)s) AS names
                          FROM person WHERE name <> '' GROUP BY 1) p ON p.conversation_id = v.id
               WHERE c.id = v.id""",
            ids=sorted(conversation_ids),
            name=NAME_CHARACTERS,
            people=PEOPLE_CHARACTERS,
        )
    )
    for model in ("mailbox.conversation", "mailbox.message", "mailbox.link"):
        env[model].invalidate_model(flush=False)


def followers(env, conversation_id: int, message_ids: Iterable[int], until: int) -> set[int]:
    """Messages of a conversation that came after the message ``until`` and belong with
    ``message_ids`` and no other mail that was there before."""
    env.flush_all()
    env.cr.execute(
        SQL(
            "SELECT %s FROM mailbox_message m WHERE m.conversation_id = %s",
            sql.columns("m", COLUMNS),
            conversation_id,
        )
    )
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in env.cr.fetchall()]
    parts = group({row["id"]: keys_of_row(row) for row in rows})
    moved = set(message_ids)
    theirs = {parts[one] for one in moved if one in parts}
    others = {parts[one] for one in parts if one not in moved and one <= until}
    return {one for one in parts if one > until and parts[one] in theirs - others}
