"""What an administrator sets up before the scene: people, a channel, a template, and the rules."""

from dataclasses import dataclass
from typing import Any

from mailbox_tools.demo.client import OdooClient
from mailbox_tools.demo.outside import SECRET, Outside

ACCOUNTING = "accounting@books.example"
CHANNEL = "Enquiries by mail"
#: The words a rule looks for in the subject.
_QUOTE = "quote, offer, Angebot, devis"
_PROBLEM = "problem, broken, defekt, panne"
_SNAG = "snag, defects list, Mängelliste"
_ORDER = "order, Bestellung, commande"
_INVOICE = "invoice, Rechnung, facture"
Values = dict[str, Any]


@dataclass(frozen=True)
class Cast:
    """Ids of what the rules speak of."""

    sellers: tuple[int, int]
    channel: int
    template: int
    project: int


def _seller(odoo: OdooClient, name: str) -> Values:
    """A salesperson who is told of things inside Odoo: only the scene's own mail shall leave it."""
    wanted = [("module", "=", "sales_team"), ("name", "=", "group_sale_salesman_all_leads")]
    group = odoo.call("ir.model.data", "search_read", wanted, ["res_id"])[0]["res_id"]
    login = name.split()[0].lower()
    told = {"email": f"{login}@example.com", "notification_type": "inbox"}
    return {"name": name, "login": login, "group_ids": [(4, group)], **told}


def cast(odoo: OdooClient) -> Cast:
    """Two salespeople, a channel of Discuss, an acknowledgement and a project."""
    # No invitation: Odoo has no address to send it from, and would log that as an error.
    silent = {"no_reset_password": True}
    sellers = [
        odoo.call("res.users", "create", [_seller(odoo, name)], context=silent)[0]
        for name in ("Sam Seller", "Sue Seller")
    ]
    channel = odoo.call("discuss.channel", "create", [{"name": CHANNEL}])[0]
    models = [("model", "=", "crm.lead")]
    template = {
        "name": "Thanks for your enquiry",
        "model_id": odoo.call("ir.model", "search", models)[0],
        "subject": "We have your mail: {{ object.name }}",
        "body_html": "<p>Thank you. You get an answer within one working day.</p>",
    }
    return Cast(
        sellers=(sellers[0], sellers[1]),
        channel=channel,
        template=odoo.call("mail.template", "create", [template])[0],
        project=odoo.call("project.project", "create", [{"name": "Fit-out Harbour"}])[0],
    )


def make(odoo: OdooClient, people: Cast, outside: Outside) -> None:
    """The rules, from top to bottom."""
    everything = (
        _quotes(people),
        _problems(people, outside),
        _snags(people),
        _rule("Orders wait for a person", 40, _ORDER, target_model="crm.lead", approval=True),
        _rule(
            "Invoices go to accounting",
            50,
            _INVOICE,
            _then("forward", address=ACCOUNTING),
            action="skip",
        ),
    )
    for rule in everything:
        odoo.call("mailbox.route", "create", [rule])


def trial() -> Values:
    """A rule that is tried on past mail only; it stays switched off."""
    return _rule("Orders open leads at once", 35, _ORDER, target_model="crm.lead", active=False)


def _quotes(people: Cast) -> Values:
    return _rule(
        "Quotes become leads",
        10,
        _QUOTE,
        _then("tag", value="Enquiry by mail"),
        _then("assign", user_ids=[(6, 0, people.sellers)]),
        _then("activity", value="Call back", days=1),
        _then("channel", channel_id=people.channel),
        target_model="crm.lead",
        acknowledge_id=people.template,
    )


def _problems(people: Cast, outside: Outside) -> Values:
    return _rule(
        "Problems become tickets",
        20,
        _PROBLEM,
        _then("notify", user_ids=[(6, 0, people.sellers[:1])]),
        _then("webhook", url=outside.url, new_secret=SECRET),
        target_model="helpdesk.ticket",
    )


def _snags(people: Cast) -> Values:
    return _rule(
        "Snags become tasks",
        30,
        _SNAG,
        _then("priority", level="high"),
        target_model="project.task",
        project_id=people.project,
    )


def _rule(name: str, sequence: int, words: str, *then: Values, **values: Any) -> Values:
    """A rule on words of the subject; colleagues are not meant."""
    asked = {"field": "subject", "op": "words", "value": words}
    person = {"field": "partner", "op": "is", "value": "internal", "negate": True}
    return {
        "name": name,
        "sequence": sequence,
        "line_ids": [(0, 0, asked), (0, 0, person)],
        "action_ids": [(0, 0, {"sequence": place, **one}) for place, one in enumerate(then)],
        **values,
    }


def _then(kind: str, **values: Any) -> Values:
    return {"kind": kind, **values}
