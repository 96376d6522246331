"""Hints at records besides Message-IDs, for a batch of mails at once; found by ``mailbox_core.rules
.clues``, turned into records here. A hint is no permission: see ``threads.refusal``.
"""

from collections import defaultdict

from odoo.tools import SQL
from odoo.tools.misc import hmac

from mailbox_core.mime.parse import parse
from mailbox_core.rules import clues

from ..store.raw import RawMissing

#: Models whose records people name by number in a subject, besides the targets of rules.
_NUMBERED = ("sale.order", "purchase.order", "account.move")
#: Mails with all the quoted words that are looked at.
_QUOTED_MAILS = 3


def answer_key(mailbox):
    """The key that signs reply addresses of one mailbox."""
    return bytes.fromhex(hmac(mailbox.env(su=True), "mailbox-answer", mailbox.id))


def own_ids(mail):
    """Message-IDs that Odoo gave to this mail before a relay gave it another. Believed of mail that
    was written here only: anybody can copy a header."""
    facts = mail.facts
    vouched = facts.authentic == "pass" and "internal" in facts.partner
    return facts.header(clues.OWN_ID_HEADER)[:1] if facts.outgoing or vouched else ()


def signed_numbers(mail):
    """Numbers of chatter lines that stand, signed by us, in the addresses of a mail."""
    addresses = dict.fromkeys((*mail.facts.to, *mail.facts.cc, *mail.facts.header("Delivered-To")))
    marked = [one for one in addresses if "+r" in one]
    if not marked:
        return []
    key = answer_key(mail.row.mailbox_id)
    found = (clues.read_address(one, key) for one in marked)
    return [one.number for one in found if one is not None and one.genuine]


def look(env, mails):
    """``(row id, signal, value, (model, record id))`` of all hints in some mails."""
    yield from _signed(env, mails)
    yield from _named(env, mails)
    for mail in mails:
        yield from _quoted(env, mail)


def _signed(env, mails):
    numbers = {mail.row.id: signed_numbers(mail) for mail in mails}
    wanted = sorted({number for some in numbers.values() for number in some if number < 2**31})
    if not wanted:
        return
    env.cr.execute(
        SQL(
            """SELECT id, model, res_id FROM mail_message l
               WHERE id = ANY(%s) AND model IS NOT NULL AND res_id != 0
                 AND NOT EXISTS (SELECT FROM mailbox_log g WHERE g.mail_message_id = l.id)""",
            wanted,
        )
    )
    targets = {line: (model, res_id) for line, model, res_id in env.cr.fetchall()}
    for row_id, some in numbers.items():
        for number in some:
            if number in targets:
                yield row_id, "token", str(number), targets[number]


def _named(env, mails):
    """Records whose number stands in the subject."""
    asked = defaultdict(list)
    for mail in mails:
        for reference in clues.subject_references(mail.facts.subject):
            asked[reference].append(mail.row.id)
    for reference, target in numbered(env, asked):
        for row_id in asked[reference]:
            yield row_id, "subject", reference, target


def numbered(env, references):
    """``(reference, (model, record id))`` of records that people name by these references. As
    superuser."""
    wanted = sorted(references)
    if not wanted:
        return
    models = [*env["mailbox.route"]._targets(), *(name for name in _NUMBERED if name in env)]
    for model in models:
        name = _number_field(env[model])
        if name is None:
            continue
        found = env[model].sudo().search([(name, "in", wanted)], limit=len(wanted) * 10)
        for record in found.filtered(lambda one, by=name: one[by] in wanted):
            yield record[name], (model, record.id)


def _number_field(model):
    """The field by which people name a record: its number, else its name; none where that is not
    stored."""
    for name in ("number", model._rec_name):
        if name in model._fields and model._fields[name].store:
            return name
    return None


def _quoted(env, mail):
    """Linked mail that an answer quotes although nothing else leads there: mail programs that drop
    every Message-ID."""
    facts, row = mail.facts, mail.row
    if facts.outgoing or mail.ids or not clues.is_reply(facts.subject):
        return
    try:
        mail.deepen()
    except RawMissing:
        return
    words = clues.quoted_words(mail.facts.body)
    if not words:
        return
    env.cr.execute(
        SQL(
            """SELECT m.id, l.model, l.res_id FROM mailbox_message m
               JOIN mailbox_link l ON l.message_id = m.id
               WHERE m.mailbox_id = %s AND m.id != %s AND m.date <= %s
                 AND m.search_vector @@ plainto_tsquery('simple', %s)
               ORDER BY m.date DESC LIMIT %s""",
            row.mailbox_id.id,
            row.id,
            row.date,
            " ".join(words),
            _QUOTED_MAILS,
        )
    )
    for message_id, model, res_id in env.cr.fetchall():
        if _stands_in(env["mailbox.message"].browse(message_id), words):
            yield row.id, "quote", " ".join(words[:6]), (model, res_id)


def _stands_in(message, words):
    try:
        return clues.contains_words(parse(message._source()).text or "", words)
    except RawMissing:
        return False
