"""Checks to make before the first sign-in: will the provider send people back to this Odoo?"""

import ipaddress
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from odoo import api, models
from odoo.tools.misc import hmac

TIMEOUT = 5
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Finding:
    """One checked fact: ``level`` is good, hint, or bad."""

    level: str
    title: str
    advice: str = ""


class MailboxPreflight(models.AbstractModel):
    _name = "mailbox.preflight"
    _description = "Mailbox Sign-in Preflight"

    @api.model
    def _findings(self, current_url=""):
        """What is right and wrong with this Odoo's address, as Findings; asks this server over the
        network.

        ``current_url`` is the address the person uses now; a difference to the configured one would
        lose the web session on the way back.
        """
        uri = self.env["mailbox"]._redirect_uri()
        return [*self._address_findings(current_url), self._frozen(), self._reachable(uri)]

    @api.model
    def _address_findings(self, current_url=""):
        """The part of ``_findings`` that needs no network."""
        parts = urlsplit(self.env["mailbox"]._redirect_uri())
        findings = [self._scheme(parts), self._host(parts)]
        if current_url:
            findings.append(self._same_site(parts, current_url))
        return [finding for finding in findings if finding]

    def _scheme(self, parts):
        if parts.scheme == "https" or parts.hostname in LOCAL_HOSTS:
            return Finding(
                "good", self.env._("The address is safe: %s", f"{parts.scheme}://{parts.netloc}")
            )
        return Finding(
            "bad",
            self.env._(
                "The address of this Odoo is not https: %s", f"{parts.scheme}://{parts.netloc}"
            ),
            self.env._(
                "Providers accept plain http for localhost only. Serve Odoo by https and set "
                "web.base.url."
            ),
        )

    def _host(self, parts):
        host = parts.hostname or ""
        if host in LOCAL_HOSTS:
            return None
        try:
            ipaddress.ip_address(host)
        except ValueError:
            bare = "." not in host
        else:
            bare = True
        if not bare:
            return None
        return Finding(
            "bad",
            self.env._("“%s” is no public host name.", host),
            self.env._("Google wants a host name under a public top-level domain, or localhost."),
        )

    def _same_site(self, parts, current_url):
        here = urlsplit(current_url)
        if (here.scheme, here.netloc) == (parts.scheme, parts.netloc):
            return None
        return Finding(
            "bad",
            self.env._(
                "You use %(here)s, but the provider sends you back to %(there)s.",
                here=f"{here.scheme}://{here.netloc}",
                there=f"{parts.scheme}://{parts.netloc}",
            ),
            self.env._(
                "Open Odoo at the second address, or correct the system parameter web.base.url."
            ),
        )

    def _frozen(self):
        if self.env["ir.config_parameter"].sudo().get_param("web.base.url.freeze"):
            return Finding("good", self.env._("The address is frozen (web.base.url.freeze)."))
        return Finding(
            "hint",
            self.env._("The address can change by itself."),
            self.env._(
                "Odoo sets web.base.url anew when an administrator signs in under another "
                "address; the provider would refuse it. Create the system parameter "
                "web.base.url.freeze with the value True."
            ),
        )

    def _reachable(self, uri):
        challenge = secrets.token_hex(16)
        try:
            answer = requests.get(
                uri, params={"preflight": challenge}, timeout=TIMEOUT, allow_redirects=False
            )
            proof = answer.json().get("proof") if answer.ok else None
        except (requests.RequestException, ValueError, AttributeError):
            proof = None
        if proof == self._proof(challenge):
            return Finding(
                "good", self.env._("The way back was tried from this server: it arrives here.")
            )
        return Finding(
            "hint",
            self.env._("This server did not find itself at %s", uri),
            self.env._(
                "Browsers may still reach it (some networks do not let a server call its own "
                "public name). Open the address in a browser: it must show a page of Mailbox, not "
                "an error of the web server."
            ),
        )

    @api.model
    def _proof(self, challenge):
        """An answer that only this database can give to a challenge."""
        return hmac(self.env(su=True), "mailbox-preflight", challenge[:64])
