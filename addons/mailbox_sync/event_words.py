"""Audit facts in the words of people. Keys are kinds, as they are kept."""


def kinds(env):
    """What happened, by kind."""
    return {**_of_mailboxes(env), **_of_mail(env), **_of_watching(env)}


def _of_mailboxes(env):
    return {
        "mailbox.created": env._("Mailbox created"),
        "mailbox.disconnected": env._("Mailbox disconnected"),
        "mailbox.member.added": env._("Member added"),
        "mailbox.member.changed": env._("Member's role changed"),
        "mailbox.member.removed": env._("Member removed"),
        "mailbox.owner": env._("Owner changed"),
        "mailbox.paused": env._("Paused"),
        "mailbox.purged": env._("Copied mail deleted"),
        "mailbox.resumed": env._("Resumed"),
        "mailbox.test.sent": env._("Test mail sent"),
        "credential.connected": env._("Signed in"),
        "credential.lost": env._("Sign-in lost"),
        "credential.opened": env._("Sign-in used"),
    }


def _of_mail(env):
    return {
        "contact.undone": env._("Contact from a mail undone"),
        "log.private": env._("Mail kept private"),
        "log.restored": env._("Mail logged again"),
        "log.withdrawn": env._("Mail withdrawn from records"),
        "mail.emptied": env._("Mail emptied"),
        "older.ready": env._("Older mail looked at"),
        "older.done": env._("Older mail routed"),
        "older.undone": env._("Routing of older mail undone"),
        "route.created": env._("Record opened by a person"),
        "route.joined": env._("Mail added to a record by a person"),
        "route.rejected": env._("Mail left in the mailbox by a person"),
        "route.moved": env._("Mail moved"),
        "route.action.failed": env._("What a rule should do failed"),
        "route.undone": env._("Move undone"),
    }


def _of_watching(env):
    return {
        "alert.acknowledged": env._("Alert acknowledged"),
        "alert.cleared": env._("Alert over"),
        "alert.raised": env._("Alert raised"),
        "alert.untold": env._("Alert could not be told"),
        "import.finished": env._("Import finished"),
        "parity.done": env._("Compared with the provider"),
        "push.aligned": env._("Push settings aligned"),
        "push.disabled": env._("Push switched off"),
        "push.enabled": env._("Push switched on"),
        "push.failed": env._("Push failed"),
        "push.heard_again": env._("Push heard again"),
        "push.silent": env._("Push silent"),
        "sync.blocked": env._("Synchronisation blocked"),
    }
