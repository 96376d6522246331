"""The hops of a message's way, and what an alert means, in words for a person."""

from odoo.tools.misc import formatLang


def hop(env, name):
    """What happens in a hop (a column of ``mailbox.trace``, or ``run``: no look was made)."""
    words = {
        "notice_ms": env._("the provider's notification"),
        "verify_ms": env._("checking the notification"),
        "queue_ms": env._("waiting for a worker"),
        "poll_ms": env._("waiting for the next look"),
        "fetch_ms": env._("fetching and storing"),
        "show_ms": env._("committing and telling the screens"),
        "body_ms": env._("preparing the body"),
        "run": env._("starting a look"),
    }
    return words[name]


def hop_step(env, name):
    """What to do when a hop is slow."""
    words = {
        "notice_ms": env._(
            "The provider announces mail late. Nothing is wrong here; look at its status page."
        ),
        "verify_ms": env._(
            "The web workers are busy, or the provider's signing keys cannot be fetched quickly. "
            "Look at the load of the server."
        ),
        "queue_ms": env._(
            "Jobs wait for a free worker. Raise workers, or the capacity of root.mailbox in the "
            "job queue's channels."
        ),
        "poll_ms": env._("Switch push on, or set a shorter polling interval."),
        "fetch_ms": env._(
            "The provider answers slowly or asks us to wait. Look at the mailbox's runs and quota."
        ),
        "show_ms": env._("The database commits slowly. Look at its load and its disk."),
        "body_ms": env._("Large bodies, or a busy server. Mail can be opened all the same."),
        "run": env._(
            "No look was made although one was due. Check that the job queue's runner is running "
            "(queue_job in server_wide_modules)."
        ),
    }
    return words[name]


def span(env, milliseconds):
    """A time that was measured, as short as it can be said."""
    seconds = milliseconds / 1000
    if seconds < 1:
        return env._("%s ms", round(milliseconds))
    if seconds < 10:
        return env._("%s s", formatLang(env, round(seconds, 1), digits=1))
    if seconds < 120:
        return env._("%s s", round(seconds))
    if seconds < 7200:
        return env._("%s min", round(seconds / 60))
    return env._("%s h", round(seconds / 3600))


def alert_title(env, kind, address):
    """One line that says which mailbox has what."""
    words = {
        "token": env._("Sign-in lost: %s", address),
        "silent": env._("Push is silent: %s", address),
        "renewal": env._("Push cannot be renewed: %s", address),
        "lag": env._("Mail is late: %s", address),
    }
    return words[kind]


def alert_cause(env, kind, facts):
    """What was observed; ``facts`` are those that the alert was raised with."""
    if kind == "lag":
        return _late(env, facts)
    if kind == "silent":
        return _silent(env, facts)
    said = facts.get("detail") or ""
    if kind == "token":
        first = env._("The provider does not accept the stored sign-in any more; nothing syncs.")
    else:
        first = env._("The push registration is not renewed; polling finds the mail meanwhile.")
    return f"{first} {said}".strip()


def alert_step(env, kind, facts):
    """What to do about it."""
    if kind == "lag":
        return hop_step(env, facts.get("hop") or "run")
    words = {
        "token": env._("Open the mailbox and press Reconnect."),
        "silent": env._(
            "Check that the address for notifications can be reached from outside and that the "
            "subscription in the Cloud project still delivers to it; then press Renew now."
        ),
        "renewal": env._("Open the mailbox's page Push: it says what to mend. It is tried again."),
    }
    return words[kind]


def _late(env, facts):
    if facts.get("hop") == "run":
        return env._("Nothing has been looked for since %s (UTC).", facts.get("since") or "?")
    return env._(
        "%(count)s messages of the last half hour took %(middle)s in the middle; most of it was "
        "%(hop)s.",
        count=facts.get("count", 0),
        middle=span(env, facts.get("middle_ms", 0)),
        hop=hop(env, facts.get("hop") or "fetch_ms"),
    )


def _silent(env, facts):
    words = {
        "unheard": env._("A registration was made, but its test notification never came."),
        "quiet": env._("No notification came for longer than is usual for this mailbox."),
        "missed": env._("Mail arrived that no notification told of."),
    }
    first = words.get(facts.get("why"), "")
    return f"{first} {env._('Polling finds the mail meanwhile.')}".strip()
