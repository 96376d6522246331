"""How often things may happen before they count as a loop: system parameters
``mailbox_sync.<name>``, set under Settings, Mailbox."""

#: Name to default. ``automatic_*``: mails that go out by themselves to one correspondent, an hour
#: from all mailboxes and a day from one of them. ``loop_pair_*``: mails of one sender that reach
#: records through one mailbox, in so many minutes. 0: for ``loop_pair_limit`` no limit, for the
#: others none goes out.
DEFAULTS = {
    "automatic_limit": 2,
    "automatic_pair_limit": 6,
    "loop_pair_limit": 30,
    "loop_pair_minutes": 60,
}


def number(env, name):
    """The value of one limit; its default when the parameter is no number."""
    text = env["ir.config_parameter"].sudo().get_param(f"mailbox_sync.{name}", DEFAULTS[name])
    try:
        return max(0, int(text))
    except ValueError:
        return DEFAULTS[name]
