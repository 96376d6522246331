"""The comparisons of a verification, as sets in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from odoo.tools import SQL

from mailbox_core.types import Content, MessageRef

from ..mapping import FLAG_COLUMNS
from ..store.raw import RawMissing, RawStore, digest

#: Differences found at most: more than that is one finding, not a list.
_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Source:
    """A stored message whose source shall be compared."""

    id: int
    remote_id: str
    conversation_key: str | None
    sha256: str
    key: str


def make_table(cr) -> None:
    """The ids that an enumeration named; rows live as long as their verification runs."""
    cr.execute(
        """CREATE TABLE IF NOT EXISTS mailbox_parity_key (
               parity_id int4 NOT NULL REFERENCES mailbox_parity ON DELETE CASCADE,
               stage varchar NOT NULL,
               remote_id varchar NOT NULL,
               PRIMARY KEY (parity_id, stage, remote_id)
           )"""
    )


def note(cr, parity_id: int, stage: str, remote_ids: Sequence[str]) -> None:
    """Keep the ids of a page; pages may repeat items."""
    cr.execute(
        """INSERT INTO mailbox_parity_key (parity_id, stage, remote_id)
           SELECT %s, %s, unnest(%s::varchar[]) ON CONFLICT DO NOTHING""",
        [parity_id, stage, list(remote_ids)],
    )


def noted(cr, parity_id: int, stage: str) -> int:
    """How many ids a stage named."""
    cr.execute(
        "SELECT count(*) FROM mailbox_parity_key WHERE parity_id = %s AND stage = %s",
        [parity_id, stage],
    )
    return cr.fetchone()[0]


def forget(cr, parity_id: int) -> None:
    """The ids are not needed any more."""
    cr.execute("DELETE FROM mailbox_parity_key WHERE parity_id = %s", [parity_id])


def differences(
    cr, parity_id: int, mailbox_id: int, flags: Iterable[str], skipped: Iterable[str]
) -> list[tuple[str, str, str]]:
    """(kind, remote id, what) of everything that differs; kinds: missing, extra, flag, label."""
    return [
        *_missing(cr, parity_id, mailbox_id),
        *_extra(cr, parity_id, mailbox_id),
        *(item for flag in flags for item in _flags(cr, parity_id, mailbox_id, flag)),
        *_labels(cr, parity_id, mailbox_id, list(skipped)),
    ][:_LIMIT]


def _missing(cr, parity_id: int, mailbox_id: int) -> list[tuple[str, str, str]]:
    """At the provider; here unknown or believed gone."""
    cr.execute(
        """SELECT 'missing', k.remote_id, COALESCE(m.disposition, 'unknown')
               FROM mailbox_parity_key k
           LEFT JOIN mailbox_message m ON m.mailbox_id = %s AND m.remote_id = k.remote_id
           WHERE k.parity_id = %s AND k.stage = '' AND COALESCE(m.disposition, 'gone') = 'gone'""",
        [mailbox_id, parity_id],
    )
    return cr.fetchall()


def _extra(cr, parity_id: int, mailbox_id: int) -> list[tuple[str, str, str]]:
    """Here, not at the provider. What a rule left out may lie outside the enumeration too."""
    cr.execute(
        """SELECT 'extra', m.remote_id, m.disposition FROM mailbox_message m
           WHERE m.mailbox_id = %s AND m.disposition IN ('stored', 'quarantined') AND NOT EXISTS (
               SELECT FROM mailbox_parity_key k
               WHERE k.parity_id = %s AND k.stage = '' AND k.remote_id = m.remote_id)""",
        [mailbox_id, parity_id],
    )
    return cr.fetchall()


def _flags(cr, parity_id: int, mailbox_id: int, flag: str) -> list[tuple[str, str, str]]:
    """Stored here and listed there, with a flag on one side only."""
    cr.execute(
        SQL(
            """SELECT 'flag', m.remote_id, %s FROM mailbox_message m
               JOIN mailbox_parity_key k ON k.parity_id = %s AND k.stage = ''
                   AND k.remote_id = m.remote_id
               LEFT JOIN mailbox_parity_key f
                   ON f.parity_id = k.parity_id AND f.stage = %s AND f.remote_id = m.remote_id
               WHERE m.mailbox_id = %s AND m.disposition = 'stored'
                 AND COALESCE(m.%s, FALSE) <> (f.remote_id IS NOT NULL)""",
            flag,
            parity_id,
            f"flag:{flag}",
            mailbox_id,
            SQL.identifier(FLAG_COLUMNS[flag]),
        )
    )
    return cr.fetchall()


def _labels(cr, parity_id: int, mailbox_id: int, skipped: list[str]) -> list[tuple[str, str, str]]:
    """Stored here and listed there, with a placement on one side only."""
    cr.execute(
        """WITH known AS (
               SELECT m.id, m.remote_id FROM mailbox_message m
               JOIN mailbox_parity_key k ON k.parity_id = %(parity)s AND k.stage = ''
                   AND k.remote_id = m.remote_id
               WHERE m.mailbox_id = %(mailbox)s AND m.disposition = 'stored'
           ), here AS (
               SELECT n.remote_id, 'folder:' || f.remote_id AS stage FROM known n
               JOIN mailbox_placement p ON p.message_id = n.id
               JOIN mailbox_folder f ON f.id = p.folder_id
               WHERE f.selectable AND NOT ('folder:' || f.remote_id = ANY(%(skipped)s))
           ), there AS (
               SELECT k.remote_id, k.stage FROM mailbox_parity_key k
               JOIN known n ON n.remote_id = k.remote_id
               WHERE k.parity_id = %(parity)s AND k.stage LIKE 'folder:%%'
           )
           SELECT 'label', COALESCE(h.remote_id, t.remote_id), substr(COALESCE(h.stage, t.stage), 8)
           FROM here h FULL JOIN there t ON t.remote_id = h.remote_id AND t.stage = h.stage
           WHERE h.remote_id IS NULL OR t.remote_id IS NULL""",
        {"parity": parity_id, "mailbox": mailbox_id, "skipped": skipped},
    )
    return cr.fetchall()


def relist(
    cr, mailbox_id: int, stream_id: int, remote_ids: Sequence[str]
) -> tuple[int, dict[str, int]]:
    """Make rows wait for content; returns how many were new, and of the others how many by
    disposition."""
    if not remote_ids:
        return 0, {}
    cr.execute(
        """WITH before AS (
               SELECT id, disposition FROM mailbox_message
               WHERE mailbox_id = %(mailbox)s AND remote_id = ANY(%(keys)s)
           ), changed AS (
               UPDATE mailbox_message m SET disposition = 'listed', disposition_reason = NULL,
                   lane = 'new',
                   folders_known = FALSE, flags_known = FALSE
               FROM before b WHERE b.id = m.id RETURNING b.disposition
           ) SELECT disposition, count(*) FROM changed GROUP BY disposition""",
        {"mailbox": mailbox_id, "keys": list(remote_ids)},
    )
    relisted = dict(cr.fetchall())
    cr.execute(
        """INSERT INTO mailbox_message (mailbox_id, stream_id, remote_id, disposition, lane,
               generation,
               attempts, create_date, write_date)
           SELECT %s, s.id, v.remote_id, 'listed', 'new', s.generation, 0,
                  now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
           FROM mailbox_stream s, unnest(%s::varchar[]) AS v(remote_id) WHERE s.id = %s
           ON CONFLICT (mailbox_id, remote_id) DO NOTHING""",
        [mailbox_id, list(remote_ids), stream_id],
    )
    return cr.rowcount, relisted


def doubt(cr, mailbox_id: int, remote_ids: Sequence[str]) -> None:
    """Let folders and flags be asked for again."""
    cr.execute(
        """UPDATE mailbox_message SET is_stale = TRUE
           WHERE mailbox_id = %s AND remote_id = ANY(%s) AND disposition = 'stored'""",
        [mailbox_id, list(remote_ids)],
    )


def doubt_sources(cr, mailbox_id: int, remote_ids: Sequence[str]) -> None:
    """Let the content be fetched again as if it had never come."""
    cr.execute(
        """UPDATE mailbox_message SET is_stale = TRUE, is_held = FALSE
           WHERE mailbox_id = %s AND remote_id = ANY(%s) AND disposition = 'stored'""",
        [mailbox_id, list(remote_ids)],
    )


def unsettled(cr, mailbox_id: int, remote_ids: Sequence[str]) -> list[str]:
    """Those of the ids that the streams have not dealt with: no row, or one that still waits."""
    cr.execute(
        """SELECT v.remote_id FROM unnest(%s::varchar[]) AS v(remote_id)
           LEFT JOIN mailbox_message m ON m.mailbox_id = %s AND m.remote_id = v.remote_id
           WHERE m.id IS NULL OR m.disposition = 'listed' OR (m.is_stale
               AND m.disposition = 'stored')""",
        [list(remote_ids), mailbox_id],
    )
    return sorted(remote_id for (remote_id,) in cr.fetchall())


def sources(cr, mailbox_id: int, after: int | None, size: int) -> list[Source]:
    """Stored messages with a complete source: the next after an id, or a random sample."""
    order = SQL("m.id") if after is not None else SQL("random()")
    cr.execute(
        SQL(
            """SELECT m.id, m.remote_id, m.conversation_key, m.raw_sha256, m.raw_store
                   FROM mailbox_message m
               WHERE m.mailbox_id = %s AND m.disposition = 'stored' AND m.raw_complete
                 AND m.raw_store IS NOT NULL AND m.id > %s ORDER BY %s LIMIT %s""",
            mailbox_id,
            after or 0,
            order,
            size,
        )
    )
    return [Source(*row) for row in cr.fetchall()]


def compare_sources(cr, provider, rows: Sequence[Source]) -> list[str]:
    """Remote ids whose kept file, or whose source at the provider, is not what the row says."""
    store = RawStore.of(cr)
    by_id = {row.remote_id: row for row in rows}
    bad = {row.remote_id for row in rows if not _is_kept(store, row.key)}
    refs = [MessageRef(row.remote_id, row.conversation_key) for row in rows]
    step = provider.capabilities.fetch_limit
    for start in range(0, len(refs), step):
        for answer in provider.fetch(refs[start : start + step], "raw"):
            row = by_id.get(answer.ref.remote_id)
            if isinstance(answer, Content) and row is not None and digest(answer.raw) != row.sha256:
                bad.add(row.remote_id)
    return sorted(bad)


def _is_kept(store: RawStore, key: str) -> bool:
    try:
        store.get(key)
    except RawMissing:
        # Out of the way, or the next put would take the damaged file for the source.
        store.remove(key)
        return False
    return True


def dispositions(cr, mailbox_id: int) -> dict[str, int]:
    """Rows by disposition, counted."""
    cr.execute(
        "SELECT disposition, count(*) FROM mailbox_message WHERE mailbox_id = %s GROUP BY 1",
        [mailbox_id],
    )
    return dict(cr.fetchall())


def duplicates(cr, mailbox_id: int) -> int:
    """Rows beyond the first for the same message at the provider."""
    cr.execute(
        "SELECT count(*) - count(DISTINCT remote_id) FROM mailbox_message WHERE mailbox_id = %s",
        [mailbox_id],
    )
    return cr.fetchone()[0]


def recount_folders(cr, mailbox_id: int) -> None:
    """Set the folders' counts by counting, and drop the differences that are in them."""
    cr.execute(
        """DELETE FROM mailbox_counter c USING mailbox_folder f
           WHERE f.id = c.folder_id AND f.mailbox_id = %(mailbox)s;
           UPDATE mailbox_folder f SET stored_count = COALESCE(n.messages, 0),
               stored_unread = COALESCE(n.unread, 0)
           FROM mailbox_folder o LEFT JOIN (
               SELECT p.folder_id, count(*) AS messages, count(*) FILTER (WHERE NOT m.is_seen)
                   AS unread
               FROM mailbox_placement p JOIN mailbox_message m ON m.id = p.message_id
               WHERE p.mailbox_id = %(mailbox)s AND m.disposition = 'stored' GROUP BY p.folder_id
           ) n ON n.folder_id = o.id
           WHERE f.id = o.id AND f.mailbox_id = %(mailbox)s
             AND (f.stored_count, f.stored_unread)
                 IS DISTINCT FROM (COALESCE(n.messages, 0), COALESCE(n.unread, 0))""",
        {"mailbox": mailbox_id},
    )


def recount_conversations(cr, mailbox_id: int) -> None:
    """Set the conversations' counts by counting."""
    cr.execute(
        """UPDATE mailbox_conversation c
           SET message_count = COALESCE(n.messages, 0), unread_count = COALESCE(n.unread, 0)
           FROM mailbox_conversation o LEFT JOIN (
               SELECT m.conversation_id, count(*) AS messages,
                   count(*) FILTER (WHERE NOT m.is_seen) AS unread
               FROM mailbox_message m
               WHERE m.mailbox_id = %(mailbox)s AND m.disposition = 'stored'
                   GROUP BY m.conversation_id
           ) n ON n.conversation_id = o.id
           WHERE c.id = o.id AND c.mailbox_id = %(mailbox)s
             AND (c.message_count, c.unread_count)
                 IS DISTINCT FROM (COALESCE(n.messages, 0), COALESCE(n.unread, 0))""",
        {"mailbox": mailbox_id},
    )
