"""Moves mails from record to record because a person says so, and back again.

What stood before is kept as plain data, so that undoing is exact: lines of chatters are moved, not
written anew, and links that were taken away are made again.
"""

from . import gateway, outcome

_LINK = (
    "message_id",
    "mailbox_id",
    "conversation_id",
    "rfc_id",
    "model",
    "res_id",
    "mail_message_id",
    "route_id",
    "origin",
    "opened",
    "is_primary",
)
_DECISION = ("outcome", "reason", "decided_by", "decided_at")


def move(mails, record):
    """Link mails to ``record`` (to none when it is empty) instead of what they are linked to; the
    state before, as JSON data. As superuser. Raises RawMissing when a mail has to be added to the
    record and its source cannot be had."""
    before = {"links": [], "lines": [], "decisions": [], "posted": []}
    for mail in mails:
        _move_one(mail, record, before)
    return before


def _move_one(mail, record, before):
    row = mail.row
    old = row.link_ids.filtered(lambda one: (one.model, one.res_id) != _key(record))
    lines = old.mail_message_id.exists()
    # The same line is that of every copy of the mail, in whichever mailbox.
    copies = row.env["mailbox.link"].search(
        [("mail_message_id", "in", lines.ids), ("message_id", "!=", row.id)]
    )
    there = gateway.line_of(record, mail) if record else lines.browse()
    for number, line in enumerate(lines):
        before["lines"].append([line.id, line.model, line.res_id, line.parent_id.id])
        takes = record and not there and number == 0
        _place(line, *(_key(record) if takes else (False, 0)))
        there = there or (line if takes else there)
    before["links"] += [_plain(link) for link in old | copies]
    others, route = copies.message_id, old.route_id[:1]
    (old | copies).unlink()
    if record:
        if not there:
            there = outcome.add(record, mail)
            before["posted"].append(there.id)
        for message in row | others:
            if not message.link_ids.filtered(lambda one: (one.model, one.res_id) == _key(record)):
                # A rule does not open another record for what it opened one for already.
                _link(message, mail, record, there, route if message == row else route.browse())
    for decision in row.decision_ids:
        kept = decision.read(_DECISION, load=None)[0]
        kept["decided_at"] = str(kept["decided_at"] or "")
        before["decisions"].append(kept)


def _link(message, mail, record, line, route):
    message.env["mailbox.link"].create(
        {
            "message_id": message.id,
            "rfc_id": mail.key,
            "model": record._name,
            "res_id": record.id,
            "mail_message_id": line.id,
            "route_id": route.id,
            "origin": "person",
            "is_primary": not message.link_ids,
        }
    )


def restore(env, row_ids, before):
    """Put everything back as ``move`` found it, as far as it is still there."""
    links = env["mailbox.link"]
    lines = env["mail.message"]
    moved = lines.browse(line for line, *_before in before["lines"])
    current = links.search(
        [
            "|",
            ("mail_message_id", "in", [*moved.ids, *before["posted"]]),
            "&",
            ("message_id", "in", row_ids),
            ("origin", "=", "person"),
        ]
    )
    current.unlink()
    lines.browse(before["posted"]).exists().unlink()
    for line_id, model, res_id, parent_id in before["lines"]:
        line = lines.browse(line_id).exists()
        if line and model in env and env[model].browse(res_id).exists():
            _place(line, model, res_id)
            line.parent_id = lines.browse(parent_id).exists()
    for values in before["links"]:
        _link_again(env, values)
    for kept in before["decisions"]:
        decision = env["mailbox.decision"].browse(kept["id"]).exists()
        values = {name: kept[name] or False for name in _DECISION}
        decision.write(values)


def _link_again(env, values):
    """A link as it stood, without what is gone since; none when the mail is, or when something has
    linked it there meanwhile."""
    links = env["mailbox.link"]
    there = {
        name: env[links._fields[name].comodel_name].browse(values[name]).exists().id
        for name in ("message_id", "conversation_id", "mail_message_id", "route_id")
    }
    key = [(name, "=", values[name]) for name in ("message_id", "model", "res_id")]
    if not there["message_id"] or links.search_count(key, limit=1):
        return
    rule = [("route_id", "=", there["route_id"]), ("rfc_id", "=", values["rfc_id"])]
    if there["route_id"] and links.search_count(rule, limit=1):
        there["route_id"] = False
    links.create({**values, **there})


def _place(line, model, res_id):
    """Put a line into another chatter, or into none; its files go with it."""
    files = line.attachment_ids.filtered(
        lambda one: (one.res_model, one.res_id) == (line.model, line.res_id)
    )
    line.write({"model": model, "res_id": res_id, "parent_id": False})
    if model:
        files.write({"res_model": model, "res_id": res_id})


def _key(record):
    return (record._name, record.id) if record else (False, 0)


def _plain(link):
    values = link.read(_LINK, load=None)[0]
    del values["id"]
    return values
