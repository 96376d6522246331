"""What a failure means for a person and what to do next, in plain words."""

from mailbox_core.errors import (
    AuthorizationLost,
    CursorExpired,
    NotFound,
    Refused,
    Throttled,
    Unavailable,
)


def explain(env, error):
    """Cause and next step of a ProviderError."""
    step = next_step(env, error)
    return f"{error.detail} {step}".strip() if error.detail and error.detail != step else step


def next_step(env, error):
    """What to do about a ProviderError."""
    if isinstance(error, AuthorizationLost):
        return _authorization_steps(env).get(error.reason) or env._("Press Reconnect and sign in.")
    if isinstance(error, Throttled):
        return env._("The provider asked us to slow down. Nothing to do: it goes on by itself.")
    if isinstance(error, Unavailable):
        return env._("The provider cannot be reached. Nothing to do: it is tried again by itself.")
    if isinstance(error, CursorExpired):
        return env._("The mailbox is compared with the provider again. Nothing to do.")
    if isinstance(error, NotFound):
        return env._("It is no longer at the provider.")
    if isinstance(error, Refused):
        return env._("The provider refused this for good. Check the settings of the mailbox.")
    return env._("Try again; if it stays, look into the server's log.")


def _authorization_steps(env):
    return {
        "invalid_grant": env._(
            "The sign-in ended: it was revoked, the password changed, it was not used for six "
            "months, or the app is in testing mode (seven days). Press Reconnect."
        ),
        "scope_missing": env._(
            "A box was left unticked at the provider. Press Reconnect and leave all ticked."
        ),
        "policy": env._(
            "An administrator of the mail domain has to allow this app (Google Workspace: mark it "
            "as trusted)."
        ),
        "client": env._("Check the client ID and the client secret under Settings, Mailbox."),
        "api_disabled": env._(
            "Switch on the Gmail API in the Google Cloud project, wait a minute, then press Test "
            "connection."
        ),
        "mailbox_missing": env._(
            "The account has no mailbox, or it was deleted. Check the address."
        ),
        "wrong_account": env._("Sign in with the account the mailbox belongs to."),
    }


def feature(env, word):
    """What a person gains by a feature word of a scope profile; unknown words stay as they are."""
    words = {
        "import": env._("Copy the mail that is there"),
        "live": env._("New mail and changes within seconds"),
        "attachments": env._("Attachments"),
        "push": env._("Be told of changes at once"),
        "flags": env._("Mark as read, star"),
        "folders": env._("Label, move, archive"),
        "trash": env._("Move to the trash"),
        "drafts": env._("Keep drafts at the provider"),
        "send": env._("Send as this address"),
    }
    return words.get(word, word)
