"""How fast mail is, from what was measured: figures, a plot over time, and one honest sentence."""

from dataclasses import dataclass
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .. import hop_words
from .mailbox_trace import HOPS

DAYS = 7
_SHARES = (0.5, 0.95, 0.99)
#: Fewer messages than this make no figure to rely on.
_FEW = 20
#: A notification that is never faster than this many milliseconds points at a clock.
_SUSPECT = 5_000
_COUNTED = SQL(
    "stored_at > %s AND exempt IS NULL AND total_ms IS NOT NULL",
    SQL("(now() AT TIME ZONE 'UTC') - %s::int * interval '1 day'", DAYS),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured for one mailbox: messages, those that push told of, the percentiles of
    ``_SHARES`` in milliseconds by column, the hop with the largest share of the time, the fastest
    notification, and how many messages do not count by why."""

    count: int
    pushed: int
    middles: dict
    slowest: str | None
    fastest: int | None
    exempt: dict


def percentiles(column):
    """The percentiles of a column as an array."""
    return SQL(
        "percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY %s)",
        list(_SHARES),
        SQL.identifier(column),
    )


class Mailbox(models.Model):
    _inherit = "mailbox"

    speed_text = fields.Char(compute="_compute_speed", string="Speed")
    speed_data = fields.Json(compute="_compute_speed_data")

    @api.depends_context("lang", "uid")
    def _compute_speed(self):
        """One query for all of a list; who neither owns nor administers sees nothing."""
        mine = self.filtered("may_operate")
        found = mine._measured()
        for mailbox in self:
            figures = found.get(mailbox.id)
            mailbox.speed_text = figures and self.env._(
                "half within %(half)s, 95%% within %(most)s",
                half=hop_words.span(self.env, figures.middles["total_ms"][0]),
                most=hop_words.span(self.env, figures.middles["total_ms"][1]),
            )

    @api.depends_context("lang", "uid")
    def _compute_speed_data(self):
        for mailbox in self:
            mailbox.speed_data = mailbox._speed() if mailbox.ids and mailbox.may_operate else False

    def _speed(self):
        """For the screen: sentence, notes, one line a hop, and the plot."""
        self.ensure_one()
        figures = self._measured().get(self.id)
        if figures is None:
            sentence = self.env._(
                "No mail has arrived in the last %s days, so nothing was measured.", DAYS
            )
            return {"sentence": sentence, "notes": [], "hops": [], "series": []}
        hops = [name for name in (*HOPS, "body_ms", "total_ms") if figures.middles[name]]
        return {
            "sentence": self._speed_sentence(figures),
            "notes": self._speed_notes(figures),
            "hops": [
                {
                    "name": name,
                    "label": self.env._("in all")
                    if name == "total_ms"
                    else hop_words.hop(self.env, name),
                    "slowest": name == figures.slowest,
                    "values": [hop_words.span(self.env, ms) for ms in figures.middles[name]],
                    "advice": hop_words.hop_step(self.env, name) if name != "total_ms" else "",
                }
                for name in hops
            ],
            "series": self._speed_series(),
        }

    def _speed_sentence(self, figures):
        half, most = (hop_words.span(self.env, ms) for ms in figures.middles["total_ms"][:2])
        words = [
            self.env._(
                "Half of the mail of the last %(days)s days was here within %(half)s, 95 of 100 "
                "messages within %(most)s.",
                days=DAYS,
                half=half,
                most=most,
            )
        ]
        if figures.slowest:
            slow = hop_words.hop(self.env, figures.slowest)
            words.append(self.env._("Most of the time went into %s.", slow))
        return " ".join(words)

    def _speed_notes(self, figures):
        """What has to be said so that the sentence is honest."""
        notes = [
            self.env._(
                "Measured from the provider's own time of arrival until the screens were told, on "
                "%(count)s messages; push told of %(pushed)s of them.",
                count=figures.count,
                pushed=figures.pushed,
            )
        ]
        if figures.count < _FEW:
            notes.append(self.env._("That is too few to rely on."))
        if figures.exempt.get("clock"):
            notes.append(
                self.env._(
                    "%s messages are left out because the clocks of the provider and of this "
                    "server disagree. Check this server's time service.",
                    figures.exempt["clock"],
                )
            )
        if figures.exempt.get("late"):
            notes.append(
                self.env._(
                    "%s messages are left out because they were at the provider long before, in "
                    "another place.",
                    figures.exempt["late"],
                )
            )
        if figures.count >= _FEW and (figures.fastest or 0) > _SUSPECT:
            notes.append(
                self.env._(
                    "Even the fastest notification took %s: the clocks may differ by so much.",
                    hop_words.span(self.env, figures.fastest),
                )
            )
        return notes

    def _measured(self):
        """Figures by mailbox id; a mailbox without any is missing."""
        columns = (*HOPS, "body_ms", "total_ms")
        self.env["mailbox.trace"].flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT mailbox_id, count(*), count(hint_at), min(notice_ms), %s, %s
                     FROM mailbox_trace WHERE mailbox_id = ANY(%s) AND %s GROUP BY mailbox_id""",
                SQL(", ").join(SQL("sum(%s)", SQL.identifier(hop)) for hop in HOPS),
                SQL(", ").join(map(percentiles, columns)),
                self.ids,
                _COUNTED,
            )
        )
        rows, exempt = self.env.cr.fetchall(), self._exempt()
        found = {}
        for mailbox_id, count, pushed, fastest, *rest in rows:
            sums = dict(zip(HOPS, rest[: len(HOPS)], strict=True))
            slowest = max(HOPS, key=lambda hop, sums=sums: sums[hop] or 0)
            found[mailbox_id] = Figures(
                count,
                pushed,
                dict(zip(columns, rest[len(HOPS) :], strict=True)),
                slowest if sums[slowest] else None,
                fastest,
                exempt.get(mailbox_id, {}),
            )
        return found

    def _exempt(self):
        """How many messages do not count, by mailbox id and why."""
        since = fields.Datetime.now() - timedelta(days=DAYS)
        self.env.cr.execute(
            """SELECT mailbox_id, exempt, count(*) FROM mailbox_trace
                WHERE mailbox_id = ANY(%s) AND stored_at > %s AND exempt IS NOT NULL
                GROUP BY mailbox_id, exempt""",
            [self.ids, since],
        )
        found = {}
        for mailbox_id, why, count in self.env.cr.fetchall():
            found.setdefault(mailbox_id, {})[why] = count
        return found

    def _speed_series(self):
        """The plot: an hour, its messages, and the percentiles of the total in seconds."""
        self.env.cr.execute(
            SQL(
                """SELECT date_trunc('hour', stored_at) AS hour, count(*), %s
                     FROM mailbox_trace WHERE mailbox_id = %s AND %s GROUP BY hour ORDER BY hour""",
                percentiles("total_ms"),
                self.id,
                _COUNTED,
            )
        )
        return [
            {
                "at": fields.Datetime.to_string(hour),
                "count": count,
                "values": [round(ms / 1000, 3) for ms in values],
            }
            for hour, count, values in self.env.cr.fetchall()
        ]

    def action_open_speed(self):
        """The ways of this mailbox's mail."""
        return self._open("mailbox_sync.mailbox_trace_action")


class MailboxTrace(models.Model):
    _inherit = "mailbox.trace"

    stations = fields.Json(compute="_compute_stations")

    @api.depends("stored_at", "shown_at", "body_at")
    @api.depends_context("lang")
    def _compute_stations(self):
        names = {
            "provider_at": self.env._("The provider has it"),
            "hint_at": self.env._("Its notification reaches this server"),
            "verified_at": self.env._("The notification is verified and kept"),
            "sync_at": self.env._("A run begins"),
            "stored_at": self.env._("Stored"),
            "shown_at": self.env._("Open screens are told"),
            "body_at": self.env._("The body is ready to open"),
        }
        skipped = self.env._("found by a look, before or without its notification")
        for trace in self:
            lines, before = [], None
            for name, label in names.items():
                at = trace[name]
                line = {"name": name, "label": label, "at": at and at.isoformat(), "note": ""}
                if at and before:
                    line["ms"] = round((at - before).total_seconds() * 1000)
                    line["after"] = hop_words.span(self.env, max(0, line["ms"]))
                if not at and name in ("hint_at", "verified_at"):
                    line["note"] = skipped
                elif at and name == "provider_at":
                    line["note"] = trace._clock_text()
                before = (at or before) if name != "shown_at" else trace.stored_at
                lines.append(line)
            reasons = dict(trace._fields["exempt"]._description_selection(self.env))
            trace.stations = {
                "lines": lines,
                "total": hop_words.span(self.env, trace.total_ms) if trace.stored_at else "",
                "exempt": reasons.get(trace.exempt, ""),
            }

    def _clock_text(self):
        """What was put right about the provider's time; empty when nothing was."""
        if not self.clock_ms:
            return ""
        span = hop_words.span(self.env, abs(self.clock_ms))
        if self.clock_ms > 0:
            return self.env._("put right: the provider's clock was %s ahead", span)
        return self.env._("put right: the provider's clock was %s behind", span)


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    trace_data = fields.Json(compute="_compute_trace_data")

    @api.depends("disposition")
    @api.depends_context("lang", "uid")
    def _compute_trace_data(self):
        # With the rights of the person: owners and managers see ways, other members do not.
        ways = self.env["mailbox.trace"].search([("message_id", "in", self.ids)])
        known = {way.message_id: way.stations for way in ways}
        for message in self:
            message.trace_data = known.get(message.id, False)
