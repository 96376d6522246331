"""Decides what becomes of one mail, and keeps the whole argument: what was asked, what was
answered, what would have happened otherwise. Changes nothing.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import pytz
from odoo.tools import email_normalize, escape_psql

from mailbox_core.mime.classify import delivery_report
from mailbox_core.rules import depth, evaluate, explain, stages, syntax

from . import aliases, threads

#: Outcomes that a rule's own action names.
_RULE_OUTCOMES = {"create": "create", "record": "record", "skip": "skip", "triage": "triage"}


@dataclass
class Plan:
    """``outcome`` is one of: ``join``, ``note`` (join quietly), ``create``, ``record``, ``hold``,
    ``triage``, ``skip`` (a rule says so), ``alias`` (Odoo's gateway takes it), ``act`` (rules do
    something but open nothing), ``store`` (nobody asked for it), ``ignore`` (a loop).

    ``reason`` is a word for why; ``routes`` are the rules that act, in order; ``extra`` are those
    of which only the further actions are done; ``steps`` and
    ``otherwise`` are the argument as JSON data.
    """

    outcome: str = "store"
    reason: str = ""
    candidate: threads.Candidate | None = None
    routes: list = field(default_factory=list)
    extra: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    otherwise: list = field(default_factory=list)
    finding: stages.Finding | None = None
    report: object = None
    alias: object = None

    @property
    def score(self):
        return self.candidate.score if self.candidate else 0


@dataclass
class Trial:
    """One rule asked about one mail."""

    route: object
    matched: bool
    skipped: str
    as_json: dict

    @property
    def acts(self):
        return self.matched and not self.skipped


def make(mail, routes):
    """The plan for a mail. ``routes``: rules that apply to its mailbox, in order. Raises
    RawMissing."""
    plan = Plan()
    plan.finding, silent = stages.look(mail.facts, mail.batch.history(mail))
    plan.steps += [{"stage": name, "result": "silent"} for name in silent]
    if plan.finding:
        plan.steps.append(_stage_step(plan.finding))
    effect = plan.finding.effect if plan.finding else ""
    if effect == "ignore":
        plan.outcome, plan.reason = "ignore", plan.finding.stage
        return plan
    _follow(plan, mail, effect)
    if any(depth.needs_body(node_of(route)) for route in routes):
        mail.deepen()
    trials = [ask(route, mail, effect) for route in routes]
    plan.steps += [trial.as_json for trial in trials]
    acting = _until_stop([trial.route for trial in trials if trial.acts])
    if plan.outcome == "join":
        plan.extra = [route for route in acting if route.on_reply]
    elif plan.outcome == "store" and effect not in ("join", "note"):
        _obey(plan, mail, [route for route in acting if route.action != "act"])
        plan.extra = _only_acting(plan, mail, acting)
    chosen = [route.id for route in (*plan.routes, *plan.extra)]
    plan.otherwise = [
        {"route": trial.route.id, "name": trial.route.name, "action": trial.route.action}
        for trial in trials
        if trial.matched and trial.route.id not in chosen
    ]
    return plan


@lru_cache(maxsize=1000)
def _node(condition):
    return syntax.loads(condition)


def node_of(route):
    """The condition of a rule, read once."""
    return _node(route.condition)


def matches(route, mail):
    """Whether a rule's condition matches a mail; for rules that are being written, too."""
    node = node_of(route)
    return evaluate.matches(node, mail.facts, _zone(node, mail))


def _zone(node, mail):
    """Times of day are those of the owner of the mailbox the mail came to; he is only looked up for
    conditions that ask for one."""
    if not depth.needs_zone(node):
        return None
    return pytz.timezone(mail.row.mailbox_id.sudo().owner_id.tz or "UTC")


def ask(route, mail, effect=""):
    """One rule and one mail."""
    node = node_of(route)
    answer = explain.explain(node, mail.facts, _zone(node, mail))
    skipped = ""
    if effect == "machine" and not route.machine:
        skipped = "machine"
    elif effect in ("join", "note"):
        skipped = effect
    step = {
        "route": route.id,
        "name": route.name,
        "result": "matched" if answer.matched else "not matched",
        "skipped": skipped,
        "why": explain.argument(answer),
    }
    return Trial(route, answer.matched, skipped, step)


def _stage_step(finding):
    return {
        "stage": finding.stage,
        "result": finding.effect,
        "evidence": [list(pair) for pair in finding.evidence],
    }


def _follow(plan, mail, effect):
    """The existing conversation."""
    reported = None
    if effect == "note" and plan.finding.stage == "bounce":
        plan.report = delivery_report(mail.source)
        reported = _reported(mail, plan.report)
    found = threads.candidates(mail, trusted=effect == "join", reported=reported)
    plan.steps.append({"stage": "thread", "found": [one.as_json() for one in found]})
    if not found:
        return
    best = found[0]
    if best.refusal:
        if effect not in ("join", "note"):
            plan.candidate, plan.outcome, plan.reason = best, "triage", best.refusal
        return
    plan.candidate = best
    plan.outcome = "note" if effect in ("join", "note") else "join"
    plan.reason = "there" if best.is_there else (plan.finding.stage if plan.finding else "thread")


def _reported(mail, report):
    """The Message-ID a delivery report is about, if that mail was sent from here."""
    if report is None or not report.message_id:
        return None
    evidence, ours = mail.batch.evidence, mail.facts.mailbox
    evidence.learn_id(report.message_id)
    if evidence.lines(report.message_id):
        return report.message_id
    ours = email_normalize(ours) or ours
    sent = mail.row.search_count(
        [("message_id", "=", report.message_id), ("from_email", "=ilike", escape_psql(ours))],
        limit=1,
    )
    return report.message_id if sent else None


def _obey(plan, mail, acting):
    """What the rules say."""
    if not acting:
        if (
            not plan.finding
            and not _take_alias(plan, mail)
            and mail.row.mailbox_id.triage_unmatched
        ):
            plan.outcome, plan.reason = "triage", "unmatched"
        return
    plan.routes = acting
    first = acting[0]
    plan.outcome, plan.reason = _RULE_OUTCOMES[first.action], "rule"
    if first._has_lost():
        plan.outcome, plan.reason, plan.routes = "triage", "lost", acting[:1]
    elif first.action == "create" and first.approval:
        plan.outcome, plan.reason, plan.routes = "hold", "approval", acting[:1]
    elif first.action in ("create", "record") and mail.facts.authentic == "fail":
        plan.outcome, plan.reason = "hold" if first.action == "create" else "triage", "forged"
        plan.routes = acting[:1]


def _take_alias(plan, mail):
    """Whether the mail is for an alias of Odoo: what no rule asks for, where rules of the company
    count."""
    if mail.row.mailbox_id.routing != "company":
        return False
    found = aliases.of(mail)
    if not found:
        return False
    evidence = [["", one.alias_full_name or one.alias_name] for one in found]
    plan.steps.append({"stage": "alias", "result": "alias", "evidence": evidence})
    plan.alias = found
    plan.outcome, plan.reason = "alias", "alias"
    if mail.facts.authentic == "fail":
        plan.outcome, plan.reason = "triage", "forged"
    return True


def _only_acting(plan, mail, acting):
    """Rules that do something but open nothing. Nothing is done for the forged."""
    extra = [route for route in acting if route.action == "act"]
    if mail.facts.authentic == "fail":
        if extra and plan.outcome == "store":
            plan.outcome, plan.reason = "triage", "forged"
        return []
    if extra and not plan.routes:
        plan.outcome, plan.reason = "act", "rule"
    quiet = plan.routes if plan.outcome in ("skip", "triage") else ()
    return [*extra, *(route for route in quiet if route.action_ids)]


def _until_stop(routes):
    acting = []
    for route in routes:
        acting.append(route)
        if route.stop:
            break
    return acting
