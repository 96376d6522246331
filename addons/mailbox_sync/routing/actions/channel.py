"""Posts the mail to a channel of Discuss. Replies to it do not come back to the channel."""

from .. import gateway
from .done import Done

NEEDS_RECORD = False
TELLS = True


def label(env):
    return env._("Post to a channel")


def say(action):
    return action.env._("post to: %s", action.channel_id.display_name)


def problem(action):
    return "" if action.channel_id else action.env._("choose the channel")


def check_author(action):
    """Only channels the author is in or may enter."""
    action.channel_id.with_env(action.env).check_access("read")


def run(action, mail, record):
    """The whole mail with its files; all members of the channel read it."""
    values = gateway.message_dict(mail)
    root = action.env.ref("base.partner_root")
    action.channel_id.sudo().message_post(
        body=values["body"],
        subject=values["subject"],
        message_type="comment",
        subtype_xmlid="mail.mt_comment",
        author_id=(mail.partner or root).id,
        email_from=values["email_from"],
        attachments=values["attachments"],
    )
    return Done(action.channel_id.display_name)
