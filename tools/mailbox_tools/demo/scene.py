"""Mail becomes business: rules, then mails that arrive one by one, and what became of each.

A lead and a reply to it, a ticket, mail that waits for a person (one is approved, one left for
you), a stranger who refers to the lead, mail that concerns no rule, and a rule that is tried on
past mail.
"""

import base64
import time
from email.message import EmailMessage
from typing import Any

from mailbox_tools.demo import scene_mails
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.demo.provider import ADDRESS, Provider
from mailbox_tools.env import ToolingError, say

#: Seconds within which a mail must have been decided about, and between two looks.
_PATIENCE = 60.0
_GLANCE = 0.1
_FIELDS = ["outcome", "reason_text", "route_id", "score"]
#: What the scene counts, and the outcome such a mail must have.
_EXPECTED = {
    "leads": "created",
    "tickets": "created",
    "replies": "joined",
    "held": "held",
    "refused": "triage",
    "left": "stored",
}
_INA = "Ina Weber <ina@weber-interiors.example>"
_QUOTE = "Quote for 40 shelves"
#: Days of past mail on which a rule is tried.
_DAYS = 365
Decision = dict[str, Any]


class Scene:
    """The rules and the mails of one demo."""

    def __init__(self, odoo: OdooClient, provider: Provider, mailbox: int) -> None:
        self._odoo, self._provider, self._mailbox = odoo, provider, mailbox
        self._counts = dict.fromkeys([*_EXPECTED, "approved"], 0)

    def play(self) -> dict[str, Any]:
        """Play it and return the figures. Raises ToolingError when a mail is not decided about."""
        say("four rules: quotes open leads, problems tickets, orders wait, invoices are tried")
        self._rules()
        offer = scene_mails.mail(_INA, _QUOTE, scene_mails.OFFER)
        thread = offer["Message-ID"]
        self._arrives(offer, "leads")
        reply = scene_mails.mail(_INA, f"Re: {_QUOTE}", scene_mails.REPLY, thread)
        self._arrives(reply, "replies")
        sender = "Tom Lee <tom@harbour-cafe.example>"
        problem = scene_mails.mail(sender, "Problem: it leaks", scene_mails.PROBLEM)
        self._arrives(problem, "tickets")
        self._orders()
        sender = "Max Odd <max@elsewhere.example>"
        stranger = scene_mails.mail(sender, f"Re: {_QUOTE}", scene_mails.STRANGER, thread)
        self._arrives(stranger, "refused")
        lunch = scene_mails.mail("Eve <eve@friends.example>", "Lunch?", scene_mails.LUNCH)
        self._arrives(lunch, "left")
        return {**self._counts, "tried": self._try_rule()}

    def _rules(self) -> None:
        words = {
            "Quotes become leads": (
                "quote, offer, Angebot, devis",
                {"target_model": "crm.lead", "sequence": 10},
            ),
            "Problems become tickets": (
                "problem, broken, defekt, panne",
                {"target_model": "helpdesk.ticket", "sequence": 20},
            ),
            "Orders wait for a person": (
                "order, Bestellung, commande",
                {"target_model": "crm.lead", "sequence": 30, "approval": True},
            ),
        }
        for name, (subject, values) in words.items():
            line = {"field": "subject", "op": "words", "value": subject}
            person = {"field": "partner", "op": "is", "value": "internal", "negate": True}
            self._odoo.call(
                "mailbox.route",
                "create",
                [{"name": name, "line_ids": [(0, 0, line), (0, 0, person)], **values}],
            )

    def _orders(self) -> None:
        """Two orders wait; one is approved, the other is left for whoever looks at the demo."""
        for name, company in (("Ada Moss", "Moss Hotels"), ("Ben Dale", "Dale & Sons")):
            domain = f"{company.split()[0].lower()}.example"
            order = scene_mails.mail(
                f"{name} <{name.split()[0].lower()}@{domain}>",
                "Order of 200 chairs",
                scene_mails.ORDER.format(name=name, company=company),
            )
            decision = self._arrives(order, "held")
            if not self._counts["approved"]:
                self._odoo.call("mailbox.decision", "action_approve", [decision["id"]])
                self._counts["approved"] += 1
                say(f"  a person approves it: {self._record(decision['id'])}")

    def _try_rule(self) -> dict[str, int]:
        """Try a rule on past mail before it goes live; it stays switched off."""
        line = {"field": "subject", "op": "words", "value": "invoice, Rechnung, facture"}
        values = {"name": "Invoices open leads", "target_model": "crm.lead", "active": False}
        made = [{**values, "sequence": 40, "line_ids": [(0, 0, line)]}]
        route = self._odoo.call("mailbox.route", "create", made)[0]
        test = {"route_id": route, "days": _DAYS}
        action = self._odoo.call(
            "mailbox.backtest",
            "action_run",
            self._odoo.call("mailbox.backtest", "create", [test]),
        )
        names = ["looked_at", "match_count", "record_count", "conflict_count", "disagree_count"]
        found = self._odoo.read("mailbox.backtest", action["res_id"], names)
        say(
            f"“{values['name']}” tried on {found['looked_at']} mails of the last year:"
            f" {found['match_count']} match, {found['record_count']} records would exist;"
            " nothing was opened"
        )
        return {name: found[name] for name in names}

    def _arrives(self, mail: EmailMessage, count: str) -> Decision:
        """Deliver it, wait for the decision, and tell what became of it and why."""
        raw = base64.b64encode(mail.as_bytes()).decode()
        began = time.monotonic()
        delivered = self._provider.control("POST", "deliver", account=ADDRESS, raw=raw)
        decision = self._decision(delivered["id"])
        if decision["outcome"] != _EXPECTED[count]:
            raise ToolingError(
                f"“{mail['Subject']}” should be {_EXPECTED[count]}: {decision['outcome']}"
            )
        self._counts[count] += 1
        record = self._record(decision["id"])
        rule = f" (rule “{decision['route_id'][1]}”)" if decision["route_id"] else ""
        say(f"“{mail['Subject']}” of {mail['From']}: {record or decision['outcome']}")
        say(f"  why: {decision['reason_text'] or 'No rule asks for it.'}{rule}")
        say(f"  {time.monotonic() - began:.1f} s after it reached the provider")
        return decision

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
        links = self._odoo.call(
            "mailbox.link",
            "search_read",
            [("message_id.decision_ids", "in", [decision])],
            ["record_name"],
        )
        return ", ".join(link["record_name"] for link in links)
