"""The rows that a survey asks about, and what it has learnt of them, as sets in SQL.

What comes in while a survey goes on is newer than what it saw, and wins. A look for changes strikes
out the rows that it names, even if they already are as it says. Any other write is told by the
row's version (``xmin``, the transaction that wrote it last).
"""

from collections.abc import Collection, Sequence

from mailbox_core.sync.plan import Known
from mailbox_core.types import Upsert


def make_tables(cr) -> None:
    """Scratch tables: after a crash of the server they are empty, and the rows still wait."""
    cr.execute(
        """CREATE UNLOGGED TABLE IF NOT EXISTS mailbox_survey_row (
               survey_id int4 NOT NULL REFERENCES mailbox_survey ON DELETE CASCADE,
               remote_id varchar NOT NULL,
               message_id int4 NOT NULL,
               version xid NOT NULL,
               stages varchar[] NOT NULL DEFAULT '{}',
               PRIMARY KEY (survey_id, remote_id)
           )"""
    )


def begin(cr, survey_id: int, stream_id: int) -> int:
    """Remember the rows that wait for a check only; returns how many.

    Who calls has the stream's turn. Touching the stream's row makes a step that began before, and
    would not see what it has to strike out, begin again.
    """
    cr.execute("UPDATE mailbox_stream SET version = version WHERE id = %s", [stream_id])
    cr.execute(
        """INSERT INTO mailbox_survey_row (survey_id, remote_id, message_id, version)
           SELECT %s, remote_id, id, xmin FROM mailbox_message
           WHERE stream_id = %s AND is_stale AND is_held AND disposition = 'stored'""",
        [survey_id, stream_id],
    )
    return cr.rowcount


def strike(cr, stream_id: int, remote_ids: Sequence[str]) -> None:
    """A look for changes named these: the survey says nothing about them."""
    cr.execute(
        """DELETE FROM mailbox_survey_row r USING mailbox_survey s
           WHERE s.stream_id = %s AND r.survey_id = s.id AND r.remote_id = ANY(%s)""",
        [stream_id, list(remote_ids)],
    )


def note(cr, survey_id: int, stage: str, remote_ids: Sequence[str]) -> None:
    """Keep that a listing named these; pages may repeat items."""
    cr.execute(
        """UPDATE mailbox_survey_row SET stages = stages || %(stage)s::varchar
           WHERE survey_id = %(survey)s AND remote_id = ANY(%(keys)s)
             AND NOT stages @> ARRAY[%(stage)s::varchar]""",
        {"survey": survey_id, "stage": stage, "keys": list(remote_ids)},
    )


def take(cr, survey_id: int, limit: int) -> dict[str, list[str]]:
    """The stages of the next rows that nobody has written to meanwhile, by remote id; they are
    forgotten. What no folder named is left out: it may be gone, which is not for a survey to say.
    """
    cr.execute(
        """WITH next AS (
               DELETE FROM mailbox_survey_row WHERE (survey_id, remote_id) IN (
                   SELECT survey_id, remote_id FROM mailbox_survey_row
                   WHERE survey_id = %s ORDER BY remote_id LIMIT %s)
               RETURNING remote_id, message_id, version, stages
           )
           SELECT next.remote_id, next.stages, m.id IS NOT NULL FROM next
           LEFT JOIN mailbox_message m ON m.id = next.message_id AND m.xmin = next.version
               AND EXISTS (SELECT FROM unnest(next.stages) AS s(name) WHERE s.name LIKE 'folder:%%')
        """,
        [survey_id, limit],
    )
    return {remote_id: stages if same else [] for remote_id, stages, same in cr.fetchall()}


def upserts(
    found: dict[str, list[str]], known: dict[str, Known], skipped: Collection[str]
) -> tuple[Upsert, ...]:
    """Complete folders and flags of the rows. What could not be listed (``skipped``) stays as it
    was."""
    made = []
    for remote_id, row in known.items():
        named = {*found[remote_id]}
        named |= {stage for stage in _stages(row) if stage in skipped}
        folders = _names(named, "folder:")
        made.append(Upsert(row.ref, folders, _names(named, "flag:")))
    return tuple(made)


def _stages(row: Known) -> set[str]:
    folders = {f"folder:{name}" for name in row.folders or ()}
    return folders | {f"flag:{name}" for name in row.flags or ()}


def _names(stages: Collection[str], kind: str) -> frozenset[str]:
    return frozenset(name[len(kind) :] for name in stages if name.startswith(kind))
