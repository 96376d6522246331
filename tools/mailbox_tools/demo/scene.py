"""Mail becomes business: rules, then mails that arrive one by one, what became of each and why.

Leads with what follows (tag, turn, activity, channel, acknowledgement), a reply on its record, a
ticket with a signed call, a task, an invoice that is sent on, mail that waits for a person (one is
approved, one rejected, one left for you), a stranger who refers to the lead, mail that concerns no
rule, and a rule that is tried on past mail.
"""

import base64
import time
from email.message import EmailMessage
from typing import Any

from mailbox_tools.demo import scene_mails, scene_rules, scene_words
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.demo.outside import Outside
from mailbox_tools.demo.provider import ADDRESS, Provider
from mailbox_tools.env import ToolingError, say

#: Seconds within which a mail must have been decided about, and between two looks.
_PATIENCE = 60.0
_GLANCE = 0.1
_FIELDS = ["outcome", "reason_text", "route_id", "message_id", "why_html"]
#: What the scene counts, and the outcome such a mail must have.
_EXPECTED = {
    "leads": "created",
    "tickets": "created",
    "tasks": "created",
    "replies": "joined",
    "held": "held",
    "sent_on": "skipped",
    "refused": "triage",
    "left": "stored",
}
_INA = "Ina Weber <ina@weber-interiors.example>"
_QUOTE = "Quote for 40 shelves"
#: Days of past mail on which a rule is tried.
_DAYS = 365
_FIGURES = ["looked_at", "match_count", "record_count", "conflict_count", "disagree_count"]
_ORDERS = (
    ("Ada Moss", "Moss Hotels", "action_approve", "approved"),
    ("Ben Dale", "Dale & Sons", "action_reject", "rejected"),
    ("Cleo Park", "Park Suites", "", ""),
)
Decision = dict[str, Any]


class Scene:
    """The rules and the mails of one demo."""

    def __init__(
        self, odoo: OdooClient, provider: Provider, mailbox: int, outside: Outside
    ) -> None:
        self._odoo, self._provider, self._mailbox = odoo, provider, mailbox
        self._outside = outside
        self._counts = dict.fromkeys([*_EXPECTED, "approved", "rejected"], 0)
        self._last: Decision = {}
        self._channel = 0

    def play(self) -> dict[str, Any]:
        """Play it and return the figures. Raises ToolingError when a mail is not decided about."""
        say("five rules: quotes open leads, problems tickets, snags tasks, orders wait, invoices")
        say("go to accounting. Each mail below arrives at the provider now")
        people = scene_rules.cast(self._odoo)
        self._channel = people.channel
        scene_rules.make(self._odoo, people, self._outside)
        thread = self._enquiries()
        self._arrives(
            "tickets",
            "Tom Lee <tom@harbour-cafe.example>",
            "Problem: it leaks",
            scene_mails.PROBLEM,
        )
        self._arrives(
            "tasks", "Uma Roy <uma@harbour-site.example>", "Snag list, 2nd floor", scene_mails.SNAGS
        )
        self._arrives(
            "sent_on", "Billing <bills@wood-mill.example>", "Invoice 2026-118", scene_mails.INVOICE
        )
        self._orders()
        stranger = "Max Odd <max@elsewhere.example>"
        self._arrives("refused", stranger, f"Re: {_QUOTE}", scene_mails.STRANGER, answers=thread)
        self._arrives("left", "Eve <eve@friends.example>", "Lunch?", scene_mails.LUNCH)
        return {**self._counts, **self._outward(), "tried": self._try_rule()}

    # -- the mails -----------------------------------------------------------------------------

    def _enquiries(self) -> str:
        """Two enquiries and a reply to the first, whose Message-ID is returned."""
        thread = self._arrives("leads", _INA, _QUOTE, scene_mails.OFFER)
        self._arrives("replies", _INA, f"Re: {_QUOTE}", scene_mails.REPLY, answers=thread)
        urgent = "URGENT: Angebot für 12 Tische"
        self._arrives("leads", "Jan Vogt <jan@vogt-bau.example>", urgent, scene_mails.URGENT)
        return thread

    def _orders(self) -> None:
        """Three orders wait: a person approves one and rejects one; the last is left for you."""
        for name, company, method, count in _ORDERS:
            mail_of = f"{name} <{name.split()[0].lower()}@{company.split()[0].lower()}.example>"
            order = scene_mails.ORDER.format(name=name, company=company)
            self._arrives("held", mail_of, "Order of 200 chairs", order)
            if method:
                self._odoo.call("mailbox.decision", method, [self._last["id"]])
                self._counts[count] += 1
                say(f"  a person decides: {count} {self._record(self._last['id'])}".rstrip())
            else:
                say("  it waits for you: Mailboxes, Records, Waiting mail")

    def _arrives(
        self, count: str, sender: str, subject: str, text: str, *, answers: str = ""
    ) -> str:
        """Deliver a mail, wait for the decision, tell what became of it and why; the Message-ID."""
        mail = scene_mails.mail(sender, subject, text, answers)
        began = time.monotonic()
        delivered = self._provider.control("POST", "deliver", account=ADDRESS, raw=_raw(mail))
        self._last = self._decision(delivered["id"])
        took = time.monotonic() - began
        if self._last["outcome"] != _EXPECTED[count]:
            raise ToolingError(f"“{subject}” should be {_EXPECTED[count]}: {self._last['outcome']}")
        self._counts[count] += 1
        became = self._record(self._last["id"]) or scene_words.OUTCOMES[self._last["outcome"]]
        say(f"“{subject}” of {sender}: {became} ({took:.1f} s after it reached the provider)")
        for line in scene_words.why(self._last["reason_text"], self._last["why_html"]):
            say(f"  why: {line}")
        for line in self._executions(self._last["message_id"][0]):
            say(f"  then: {line}")
        return str(mail["Message-ID"])

    def _decision(self, remote: str) -> Decision:
        domain = [("mailbox_id", "=", self._mailbox), ("message_id.remote_id", "=", remote)]
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = self._odoo.call("mailbox.decision", "search_read", domain, _FIELDS, limit=1)
            if found:
                decision: Decision = found[0]
                return decision
            time.sleep(_GLANCE)
        raise ToolingError(f"nothing was decided about a mail within {_PATIENCE:.0f} s")

    def _record(self, decision: int) -> str:
        domain = [("message_id.decision_ids", "in", [decision])]
        links = self._odoo.call("mailbox.link", "search_read", domain, ["record_name"])
        return ", ".join(link["record_name"] for link in links)

    def _executions(self, message: int) -> list[str]:
        """What rules did beside, in the words of the page “Why here”."""
        domain = [("message_id", "=", message)]
        executions = self._odoo.call(
            "mailbox.route.execution", "search_read", domain, ["kind", "state", "detail"]
        )
        kinds = self._names("mailbox.route.execution", "kind")
        states = self._names("mailbox.route.execution", "state")
        return [
            f"{kinds[one['kind']]}: {one['detail']} ({states[one['state']].lower()})"
            for one in executions
        ]

    def _names(self, model: str, field: str) -> dict[str, str]:
        found = self._odoo.call(model, "fields_get", [field], ["selection"])
        return dict(found[field]["selection"])

    # -- what left Odoo ------------------------------------------------------------------------

    def _outward(self) -> dict[str, int]:
        """What the world outside got: acknowledgements, the invoice, the signed call."""
        self._send_queue()
        ina = self._outside.wait_for_mail("ina@weber-interiors.example", 1, _PATIENCE)
        bills = self._outside.wait_for_mail(scene_rules.ACCOUNTING, 1, _PATIENCE)
        calls = self._outside.wait_for_call(_PATIENCE)
        say(f"Ina wrote twice and got {len(ina)} acknowledgement: “{ina[0]['Subject']}”")
        say(f"accounting got “{bills[0]['Subject']}”, marked {bills[0]['Auto-Submitted']}")
        rule = calls[0]["data"]["rule"]["name"]
        say(f"another program got {len(calls)} call with a good signature, of rule “{rule}”")
        jan = self._outside.mails_to("jan@vogt-bau.example")
        return {
            "acknowledged": len(ina) + len(jan),
            "forwarded": len(bills),
            "calls": len(calls),
            "posted": self._odoo.call(
                "mail.message",
                "search_count",
                [
                    ("model", "=", "discuss.channel"),
                    ("res_id", "=", self._channel),
                    ("subject", "!=", False),
                ],
            ),
        }

    def _send_queue(self) -> None:
        """Empty the queue of outgoing mail now; by itself Odoo does it every hour."""
        domain = [("model", "=", "ir.cron"), ("name", "=", "ir_cron_mail_scheduler_action")]
        found = self._odoo.call("ir.model.data", "search_read", domain, ["res_id"])
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._odoo.call("ir.cron", "method_direct_trigger", [found[0]["res_id"]])
                return
            except ToolingError:  # it runs already
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)

    # -- a rule before it goes live ------------------------------------------------------------

    def _try_rule(self) -> dict[str, int]:
        """Try a rule on past mail; nothing is opened."""
        rule = scene_rules.trial()
        route = self._odoo.call("mailbox.route", "create", [rule])[0]
        test = [{"route_id": route, "days": _DAYS}]
        made = self._odoo.call("mailbox.backtest", "create", test)
        action = self._odoo.call("mailbox.backtest", "action_run", made)
        found = self._odoo.read("mailbox.backtest", action["res_id"], _FIGURES)
        say(f"“{rule['name']}” tried on {found['looked_at']} mails of the last year:")
        for line in scene_words.trial(found):
            say(f"  {line}")
        return {name: found[name] for name in _FIGURES}


def _raw(mail: EmailMessage) -> str:
    return base64.b64encode(mail.as_bytes()).decode()
