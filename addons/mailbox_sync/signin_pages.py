"""What a person reads at the end of a sign-in that did not work: cause and next step, as plain
data.

Each function returns a dictionary for the template ``mailbox_sync.signin_result`` that may be kept
in the web session: no code, no token, no state.
"""

import re

from mailbox_core.errors import AuthorizationLost, Refused, Throttled, Unavailable

from . import advice

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


def page(title, text, steps=(), code="", level="danger", mailbox=None, features=()):
    """The data of a page; ``mailbox`` offers to try again."""
    return {
        "title": title,
        "text": text,
        "steps": list(steps),
        "features": list(features),
        "code": code if _CODE.match(code or "") else "",
        "level": level,
        "mailbox_id": mailbox.id if mailbox else False,
    }


def stale(env):
    """The state is unknown, used, too old, or of another session: no more is told."""
    return page(
        env._("This sign-in cannot be continued"),
        env._(
            "The link was used already, is older than a quarter of an hour, or was begun in "
            "another browser or by another person. Nothing was changed."
        ),
        [env._("Go back to Odoo and press Connect again.")],
        code="state_invalid",
    )


def session_ended(env):
    """The way back arrived without a signed-in Odoo session."""
    return page(
        env._("Your Odoo session has ended"),
        env._(
            "The provider sent you back, but you are not signed in to Odoo here. Nothing was "
            "changed."
        ),
        [
            env._("Sign in to Odoo."),
            env._(
                "Press Connect again. Use the same browser and the same address of Odoo all the "
                "way."
            ),
        ],
        code="session_ended",
    )


def mixed_up(env, mailbox):
    """The answer does not come from the provider that was asked (RFC 9207)."""
    return page(
        env._("The answer came from somewhere else"),
        env._("Odoo asked one sign-in service, and another one answered. The answer was not used."),
        [env._("Press Connect again. If it stays, tell your administrator.")],
        code="issuer_mismatch",
        mailbox=mailbox,
    )


def wrong_account(env, mailbox, identity):
    """Somebody else signed in than the mailbox belongs to (F46)."""
    if not identity:
        text = env._(
            "The provider did not say who signed in, so %s was not connected.", mailbox.address
        )
    else:
        text = env._(
            "You signed in as %(identity)s, but this mailbox is %(address)s. Nothing was "
            "connected or changed.",
            identity=identity,
            address=mailbox.address,
        )
    return page(
        env._("This is another account"),
        text,
        [
            env._(
                "Press Try again and choose %s at the provider (“Use another account”).",
                mailbox.address,
            ),
            env._("Or, if the other account is the right one, create a mailbox with that address."),
        ],
        code="wrong_account",
        mailbox=mailbox,
    )


def scope_missing(env, mailbox, profile_name, missing):
    """Boxes were left unticked: which features that costs."""
    lost = [advice.feature(env, word) for word in mailbox._features_lost(profile_name, missing)]
    return page(
        env._("A permission is missing"),
        env._(
            "At the provider not all boxes were ticked, so %s was not connected.", mailbox.address
        ),
        [
            env._("Press Try again and leave all boxes ticked,"),
            env._("or choose a smaller set of permissions there."),
        ],
        code="scope_missing",
        level="warning",
        mailbox=mailbox,
        features=lost,
    )


def api_disabled(env, mailbox, error):
    """Signed in, but the provider's project has its API switched off (A11)."""
    return page(
        env._("Signed in, but the API is switched off"),
        error.detail
        or env._("The provider refuses calls because its API is not enabled for your app."),
        [
            env._(
                "In the Google Cloud console open APIs & Services, Library, and enable the Gmail "
                "API."
            ),
            env._(
                "Wait a minute, then press Test connection in the mailbox. You need not sign in "
                "again."
            ),
        ],
        code="api_disabled",
        level="warning",
        mailbox=mailbox,
    )


def missing_setup(env, mailbox, error):
    """Client id, secret or key is missing on our side."""
    return page(env._("The setup is not complete"), str(error), code="setup", mailbox=mailbox)


def failed(env, mailbox, error, code=""):
    """Any failure of the core, from the redirect or from the exchange."""
    if isinstance(error, Refused):
        return _refused(env, mailbox, error, code)
    titles = {
        "invalid_grant": env._("The provider did not accept the answer"),
        "policy": env._("Your organisation does not allow this app"),
        "client": env._("The app's registration is not right"),
        "mailbox_missing": env._("There is no mailbox in this account"),
    }
    if isinstance(error, AuthorizationLost):
        title = titles.get(error.reason, env._("The sign-in did not work"))
        steps = (
            [_expired_code(env)]
            if error.reason == "invalid_grant"
            else _lost_steps(env, mailbox, error)
        )
        return page(title, error.detail, steps, code or error.reason, mailbox=mailbox)
    busy = isinstance(error, Throttled)
    title = env._("Too many sign-ins") if busy else env._("The provider cannot be reached")
    steps = [env._("Wait a few minutes and press Try again. Nothing was changed.")]
    if busy:
        steps.append(
            env._("An app that Google has not verified may be used by 100 new people only.")
        )
    level = "warning" if isinstance(error, (Throttled, Unavailable)) else "danger"
    return page(title, error.detail, steps, code, level, mailbox)


def _expired_code(env):
    return env._("The answer was too old or used already. Press Try again; it takes a few seconds.")


def _lost_steps(env, mailbox, error):
    steps = [advice.next_step(env, error)]
    if error.reason == "client":
        steps.append(
            env._("The redirect address to register is exactly: %s", mailbox._redirect_uri())
        )
    if error.reason == "policy":
        steps.append(env._("An app of the type Internal works inside its own organisation only."))
    return steps


def _refused(env, mailbox, error, code):
    if "access_denied" in (error.code, code):
        return page(
            env._("Access was not given"),
            env._("At the provider, Cancel was pressed, or this account may not use the app."),
            [
                env._("Press Try again if that was a slip."),
                env._(
                    "While a Google app is in testing mode, only its listed test users may sign "
                    "in: add the account there, or publish the app."
                ),
            ],
            code="access_denied",
            level="warning",
            mailbox=mailbox,
        )
    return page(
        env._("The provider refused the sign-in"),
        error.detail,
        [env._("Check client ID, client secret and redirect address under Settings, Mailbox.")],
        error.code or code,
        mailbox=mailbox,
    )
