"""Will notifications reach this Odoo? Asked before anything is registered, by real requests."""

import ipaddress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from mailbox_core.errors import ProviderError
from mailbox_core.net.jwt import LEEWAY
from mailbox_core.net.oauth import oauth_http

from . import conf
from .push_lines import line

#: Seconds that a request to ourselves may take.
TIMEOUT = 5
#: Seconds by which the clocks may differ without a word about it.
_SKEW = 10.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LEVELS = {"good": "ok", "hint": "warning", "bad": "failed"}


def findings(env, endpoint, spec, delivery="push"):
    """The lines of the check; asks this server and the provider over the network.

    ``endpoint``: where notifications shall be delivered. ``spec``: the provider's ``PushSpec``.
    ``delivery``: with ``pull`` nobody has to reach this server.
    """
    parts = urlsplit(endpoint)
    way = (
        [line("host", env._("Public address"), "ok", env._("Not needed: Odoo asks Google."))]
        if delivery == "pull"
        else [
            _host(env, parts),
            _scheme(env, parts),
            _webhook(env, endpoint),
            _frozen(env),
        ]
    )
    return [*way, _clock(env, spec), _runner(env)]


def _host(env, parts):
    host = parts.hostname or ""
    title = env._("Public address")
    if host in _LOOPBACK:
        return line(
            "host",
            title,
            "warning",
            env._("%s is this machine itself.", host),
            env._(
                "Only a provider on this machine reaches it. Google needs a public name: set "
                "web.base.url, or let Odoo fetch the notifications instead."
            ),
        )
    try:
        public = ipaddress.ip_address(host).is_global
    except ValueError:
        public = "." in host and not host.endswith((".local", ".internal", ".lan"))
    if public:
        return line("host", title, "ok", host)
    return line(
        "host",
        title,
        "failed",
        env._("%s is a private name or address.", host),
        env._(
            "Google has to reach it from outside: set web.base.url to a public name, or let Odoo "
            "fetch the notifications instead."
        ),
    )


def _scheme(env, parts):
    title = env._("Encrypted (https)")
    if parts.scheme == "https":
        return line("scheme", title, "ok", f"https://{parts.netloc}")
    level = "warning" if parts.hostname in _LOOPBACK else "failed"
    return line(
        "scheme",
        title,
        level,
        env._("The address begins with %s.", f"{parts.scheme}://"),
        env._("Google delivers to https only. Serve Odoo by https and set web.base.url."),
    )


def _webhook(env, endpoint):
    """A GET must be answered with 405: that is our own route, and it lets nothing but POST in."""
    title = env._("The webhook answers")
    try:
        with requests.get(endpoint, timeout=TIMEOUT, allow_redirects=False, stream=True) as answer:
            status, headers = answer.status_code, answer.headers
    except requests.exceptions.SSLError:
        return line(
            "webhook",
            title,
            "failed",
            env._("The certificate of this address is not trusted."),
            env._("Google delivers to certificates of a public authority only, chain included."),
        )
    except requests.RequestException as error:
        return line(
            "webhook",
            title,
            "warning",
            env._("This server did not reach itself there (%s).", type(error).__name__),
            env._(
                "Some networks do not let a server call its own public name. From outside, this "
                "must say 405: curl -i %s",
                endpoint,
            ),
        )
    if status == 405 and "POST" in headers.get("Allow", ""):
        return line("webhook", title, "ok", env._("GET is answered with 405, as it should be."))
    return line("webhook", title, "failed", *_odd_answer(env, status, headers))


def _odd_answer(env, status, headers):
    """What another answer than 405 means, and what to do."""
    if 300 <= status < 400:
        where = urlsplit(headers.get("Location", ""))
        return (
            env._("It redirects (%(status)s) to %(host)s.", status=status, host=where.netloc),
            env._("Google follows no redirect. Set web.base.url to the address that answers."),
        )
    if status == 404:
        return (
            env._("There is no such page (404)."),
            env._(
                "Another server or database answers. With several databases, let dbfilter choose "
                "this one by its host name; in the web server, pass /mailbox/push/ to Odoo."
            ),
        )
    if status in (401, 403):
        return (
            env._("Something before Odoo refuses it (%s).", status),
            env._("Exempt /mailbox/push/ from sign-in pages, firewalls and bot filters."),
        )
    return (
        env._("GET was answered with %s, not 405.", status),
        env._("Something before Odoo answers. Let the web server pass /mailbox/push/ to Odoo."),
    )


def _clock(env, spec):
    """Compare with the time in the provider's answer: tokens are valid by its clock."""
    title = env._("Clock of this server")
    http = oauth_http(conf.endpoints())
    try:
        asked = datetime.now(timezone.utc)
        answer = http.request("GET", spec.keys_url(conf.endpoints()))
        answered = datetime.now(timezone.utc)
        theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ProviderError as error:
        return line(
            "clock",
            title,
            "failed",
            error.detail,
            env._(
                "The provider's signing keys cannot be fetched, so that no notification could be "
                "verified. Let this server call out by https."
            ),
        )
    except ValueError:
        return line("clock", title, "warning", env._("The provider did not tell its time."))
    finally:
        http.close()
    skew = (asked + (answered - asked) / 2 - theirs.astimezone(timezone.utc)).total_seconds()
    detail = env._("%s seconds from the provider's.", f"{skew:+.0f}")
    if abs(skew) <= _SKEW:
        return line("clock", title, "ok", detail)
    return line(
        "clock",
        title,
        "warning" if abs(skew) <= LEEWAY else "failed",
        detail,
        env._(
            "Beyond %s seconds tokens are refused. Keep the server's time with NTP (timedatectl).",
            int(LEEWAY),
        ),
    )


def _frozen(env):
    found = env["mailbox.preflight"].sudo()._frozen()
    title = env._("The address stays")
    return line("frozen", title, _LEVELS[found.level], found.title, found.advice)


def _runner(env):
    """Notifications wait for the job runner."""
    found = env["mailbox.doctor"].sudo()._check_runner()
    title = env._("Job runner")
    return line("runner", title, _LEVELS[found["level"]], found["text"], found["advice"])
