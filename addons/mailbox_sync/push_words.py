"""Push in words: why it may not be switched on, what went wrong, what to do."""

from mailbox_core.errors import AuthorizationLost, NotFound, Refused, Throttled

from . import advice

#: Buttons of the assistant that do something about the mailbox, and the method behind them.
MAILBOX_FIXES = {
    "connect": "action_connect",
    "reconnect": "action_reconnect",
    "resume": "action_resume",
    "sync_now": "action_sync_now",
    "verify_token": "action_verify_token",
}


def reason(error):
    """A short stable word for a ProviderError: ``token``, ``scope``, ``topic``, ``permission``,
    ``project``, ``conflict``, ``config``, ``throttled`` or ``unavailable``."""
    if isinstance(error, AuthorizationLost):
        return "scope" if error.reason == "scope_missing" else "token"
    if isinstance(error, Refused):
        return error.code.removeprefix("push_") or "refused"
    return "throttled" if isinstance(error, Throttled) else "unavailable"


def trouble(env, error):
    """What a failed registration means, and the next step."""
    steps = {
        "topic": env._("Create the topic in your Cloud project again, or correct its name."),
        "permission": env._("Run the set-up script again: Gmail may not publish to the topic."),
        "project": env._("Topic and OAuth client must be in the same Cloud project."),
        "conflict": env._(
            "Another topic is watched for this mailbox. Press Disable push, then Enable push."
        ),
        "config": env._("An administrator enters project and topic under Push settings."),
        "scope": env._("Press Reconnect and leave all boxes ticked."),
        "token": env._("Press Verify token now; if it fails, press Reconnect."),
    }
    step = steps.get(reason(error)) or advice.next_step(env, error)
    said = (error.detail or "").strip()
    return f"{said} {step}".strip() if said and said != step else step


def pull_trouble(env, error):
    """Why notifications cannot be fetched, and the next step."""
    steps = {
        "permission": env._(
            "Give the service account the role Pub/Sub Subscriber on the subscription."
        ),
        "type": env._("Make a pull subscription of the topic, or let Google deliver."),
        "unknown": env._("Create the subscription, or correct its name."),
        "token": env._(
            "Make a new key at Google and store it here; check this server's clock as well."
        ),
        "project": env._("Enable the Pub/Sub API in the Cloud project."),
    }
    said = (error.detail or "").strip()
    return f"{said} {steps.get(_pull_reason(error), '')}".strip()


def _pull_reason(error):
    if isinstance(error, AuthorizationLost):
        return "project" if error.reason == "api_disabled" else "token"
    if isinstance(error, NotFound):
        return "unknown"
    return error.code.removeprefix("pull_") if isinstance(error, Refused) else ""


def blocker(env, word, value=""):
    """Why push cannot be switched on, by a stable word."""
    words = {
        "manager": env._("Only a mailbox administrator may switch push on or off."),
        "provider": env._("%s has no push.", value),
        "grant": env._("Nobody has signed in to this mailbox yet. Press Connect."),
        "lost": env._("The sign-in of this mailbox has ended. Press Reconnect."),
        "scope": env._(
            "The sign-in does not allow watching the mailbox. Press Reconnect and leave all boxes "
            "ticked."
        ),
        "asleep": env._("The mailbox does not sync now: %s.", value),
        "config": env._("No Cloud project and topic are entered yet. Open the push settings."),
        "key": env._("No key of a service account is stored yet. Open the push settings."),
        "receiver": env._("Audience or allowed signers are missing in the push settings."),
        "endpoint": env._(
            "Google delivers to https addresses only, and this Odoo's address is %s.",
            value,
        ),
    }
    return words[word]


def status(env, subscription):
    """The state of a subscription as one line."""
    state = subscription.state
    if not subscription or state == "off":
        return env._("Off: new mail is found by polling.")
    words = {
        "active": env._("Active: mail is announced as it arrives."),
        "silent": env._(
            "Silent: nothing is heard although it should be. Polling finds the mail meanwhile."
        ),
        "failing": env._("Still active, but the renewal fails: %s", subscription.last_error or ""),
        "expired": env._(
            "Ended: %s Polling finds the mail meanwhile.", subscription.last_error or ""
        ),
    }
    return words[state]


def refusal(env, word):
    """Why a notification was refused, what to do, and the words of the buttons that do it."""
    mend = {
        "align": (
            env._(
                "Align them here. If nothing had to change, Google's side differs: run the set-up "
                "script again. Then send another mail."
            ),
            ["validate", "cloud"],
        ),
        "script": (env._("Run the set-up script again, then send another mail."), ["cloud"]),
        "check": (env._("Run the checks again; they name what is wrong."), ["preflight"]),
    }
    words = {
        "audience": (env._("Google's token was made out to another audience."), "align"),
        "signer": (
            env._("It was signed by a service account that is not on the allow-list."),
            "align",
        ),
        "unconfigured": (env._("Audience and allowed signers are not entered yet."), "align"),
        "missing": (
            env._("It came without a token: the subscription does not sign in to this Odoo."),
            "script",
        ),
        "expired": (
            env._("Its token had expired or was not valid yet: the clock of this server is wrong."),
            "check",
        ),
        "keys": (env._("Google's signing keys could not be fetched."), "check"),
        "issuer": (env._("Its token was not issued by Google."), "script"),
        "signature": (env._("Its signature was not Google's: somebody else sent it."), "script"),
        "malformed": (
            env._("What it brought as a token is none: somebody else sent it."),
            "script",
        ),
    }
    cause, how = words.get(word) or (env._("It was refused (%s).", word), "align")
    return cause, *mend[how]
