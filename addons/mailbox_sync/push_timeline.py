"""The way of one test message, checkpoint by checkpoint, and what to press where it stands still.

Nothing of the message is shown: the person at the assistant administers, and need not be a reader.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from odoo import fields

from . import push_words
from .push_lines import line

#: How long each checkpoint may take after the one before, before it counts as missing. The first
#: allows for a person who still has to write the mail.
_PATIENCE = dict(
    zip(
        ("delivered", "verified", "synced", "stored", "body", "shown"),
        (timedelta(seconds=seconds) for seconds in (120, 5, 20, 30, 90, 10)),
        strict=True,
    )
)


@dataclass(frozen=True)
class Facts:
    """What is known since the test began. Times are naive UTC, None: not yet.

    ``refused``: the word of a refusal, if one came and nothing was accepted after it. ``polled``:
    new mail was found without a notification.
    """

    delivered: datetime | None = None
    verified: datetime | None = None
    synced: datetime | None = None
    stored: datetime | None = None
    body: datetime | None = None
    shown: datetime | None = None
    refused: str = ""
    polled: bool = False


def checkpoints(mailbox, since, now=None):
    """The six lines for a mailbox: observed, waiting or missing. ``since``: when the test began
    (naive UTC)."""
    mailbox = mailbox.sudo()
    now = now or fields.Datetime.now()
    facts = _facts(mailbox, since)
    lines, before, stalled = [], since, False
    for key, title in _titles(mailbox.env).items():
        at = getattr(facts, key)
        if at is not None:
            lines.append(line(key, title, "observed", at=at))
            before = max(before, at)
            continue
        if stalled:
            lines.append(line(key, title, "waiting"))
            continue
        stalled = True
        lines.append(_stall(mailbox, key, title, facts, now > before + _PATIENCE[key]))
    return lines


def _titles(env):
    return {
        "delivered": env._("Google's notification reached this Odoo"),
        "verified": env._("Signature, audience and signer are right"),
        "synced": env._("It started a look at the mailbox's history"),
        "stored": env._("The message is in the store"),
        "body": env._("Its body is ready to be opened"),
        "shown": env._("Open screens show it"),
    }


# -- what is known -----------------------------------------------------------------------------


def _facts(mailbox, since):
    subscription, config = mailbox.subscription_ids[:1], mailbox._push_config()
    heard = subscription.last_hint_at
    heard = heard if heard and heard >= since else None
    refused = config.refused_at
    refused = refused if refused and refused >= since and (not heard or refused > heard) else None
    way = _way(mailbox, since)
    heard = way["delivered"] or heard
    return Facts(
        delivered=heard or refused,
        verified=way["verified"] or heard,
        synced=way["synced"] or _run_at(mailbox, since),
        stored=way["stored"],
        body=way["body"],
        shown=way["shown"],
        refused=config.refused_reason if refused and not heard else "",
        polled=bool(way["stored"]) and not heard,
    )


def _way(mailbox, since):
    """The stations of the newest message that came since, all None without one."""
    names = ("delivered", "verified", "synced", "stored", "body", "shown")
    mailbox.env.cr.execute(
        """SELECT hint_at, verified_at, CASE WHEN hint_at IS NOT NULL THEN sync_at END,
                  stored_at, body_at, shown_at
             FROM mailbox_trace
            WHERE mailbox_id = %s AND stored_at >= %s AND exempt IS DISTINCT FROM 'own'
            ORDER BY (hint_at IS NOT NULL) DESC, id DESC LIMIT 1""",
        [mailbox.id, since],
    )
    return dict(zip(names, mailbox.env.cr.fetchone() or [None] * len(names), strict=True))


def _run_at(mailbox, since):
    """When a run began that a notification asked for; notifications without new mail have one
    too."""
    domain = [("mailbox_id", "=", mailbox.id), ("trigger", "=", "hint"), ("ended_at", ">=", since)]
    run = mailbox.env["mailbox.run"].search(domain, limit=1)
    return max(run.started_at, since) if run else None


# -- what it means -----------------------------------------------------------------------------


def _stall(mailbox, key, title, facts, late):
    """The first checkpoint that is not there yet."""
    found = _certain(mailbox, key, facts)
    if found:
        return line(key, title, "missing", *found)
    if not late:
        return line(key, title, "waiting", _hoping(mailbox, key))
    return line(key, title, "missing", *_likely(mailbox, key))


def _certain(mailbox, key, facts):
    """(cause, advice, buttons) of a stall that need not be waited for; None when time may help."""
    env = mailbox.env
    if key == "delivered":
        return _undelivered(mailbox, facts.polled)
    if key == "verified" and facts.refused:
        return push_words.refusal(env, facts.refused)
    if key in ("synced", "stored"):
        return _asleep(mailbox)
    return None


def _undelivered(mailbox, polled):
    env, subscription = mailbox.env, mailbox.subscription_ids[:1]
    if not subscription or subscription.state == "off":
        return env._("Push is not switched on for this mailbox."), "", ["register"]
    if subscription.state in ("expired", "failing") and subscription.last_error:
        fixes = ["register", "verify_token"]
        return env._("The watch is in trouble."), subscription.last_error, fixes
    config = mailbox._push_config()
    if config.mode == "pull" and config.listener_state != "alive":
        return config.listener_text, env._("Start it: odoo-bin mailbox listen"), ["settings"]
    if polled:
        return (
            env._("The message was found by polling; Google's notification did not get here."),
            env._(
                "Either Google does not reach the webhook, or topic and subscription are not "
                "wired: run the checks, then the script once more."
            ),
            ["preflight", "cloud"],
        )
    return None


def _asleep(mailbox):
    """Why a mailbox does not look although it was told to."""
    env = mailbox.env
    if mailbox.token_state == "reconnect":
        return mailbox.token_text, "", ["verify_token", "reconnect"]
    gate = mailbox.stream_ids.filtered(lambda stream: stream.gate != "open")[:1]
    if gate.gate == "paused":
        return env._("The mailbox is paused."), "", ["resume"]
    if gate.gate == "blocked":
        return gate.gate_reason or mailbox.health_text, "", ["verify_token", "reconnect"]
    if mailbox._is_asleep():
        return env._("The mailbox does not sync now: %s.", mailbox._asleep_reason()), "", []
    return None


def _hoping(mailbox, key):
    env = mailbox.env
    if key == "delivered":
        return env._("Send a mail to %s now.", mailbox.address)
    return env._("On its way…")


def _likely(mailbox, key):
    """(cause, advice, buttons) after the usual time has passed."""
    env = mailbox.env
    return {
        "delivered": (
            env._("No notification came within two minutes."),
            env._(
                "If the mail was sent, Google does not reach the webhook, or topic and "
                "subscription are not wired: run the checks, then the script once more."
            ),
            ["preflight", "cloud", "restart"],
        ),
        "verified": (
            env._("The notification was not accepted."),
            env._("Compare audience and signer with what is stored."),
            ["validate"],
        ),
        "synced": (
            env._("The job that looks has not run."),
            env._("The job runner does not run or is behind; the checks name it."),
            ["preflight", "sync_now"],
        ),
        "stored": (
            env._("The look found no new message."),
            env._(
                "Registering publishes a notification, too: if no mail was sent yet, send one. A "
                "rule of the mailbox may also leave it out, or it went elsewhere than the inbox."
            ),
            ["sync_now", "restart"],
        ),
        "body": (
            env._("The job that prepares bodies has not run."),
            env._("The message opens all the same, a little later. Look after the job runner."),
            ["preflight"],
        ),
        "shown": (
            env._("The open screens were not told."),
            env._("Reload the page; if it stays, let the web server pass /websocket to Odoo."),
            ["reload"],
        ),
    }[key]
