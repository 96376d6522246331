"""The words of routing for people: fields, operators, stages, reasons. Keys are those of the
core."""


def fields_of_rules(env):
    """What a condition can ask."""
    return {
        "sender": env._("sender's address"),
        "sender_name": env._("sender's name"),
        "domain": env._("sender's domain"),
        "to": env._("To"),
        "cc": env._("Cc"),
        "recipients": env._("a recipient"),
        "subject": env._("subject"),
        "body": env._("text"),
        "header": env._("header"),
        "attachment": env._("name of an attachment"),
        "attachment_type": env._("type of an attachment"),
        "attachments": env._("number of attachments"),
        "attachment_size": env._("size of the largest attachment in bytes"),
        "size": env._("size in bytes"),
        "folder": env._("folder or label"),
        "role": env._("kind of folder"),
        "automatic": env._("kind of machine mail"),
        "list": env._("mailing list"),
        "reply": env._("place in the conversation"),
        "conversation": env._("state of the conversation"),
        "direction": env._("direction"),
        "authentic": env._("provider's verdict on the sender"),
        "partner": env._("the sender here"),
        "partner_tag": env._("sender's tag"),
        "salesperson": env._("sender's salesperson"),
        "country": env._("sender's country"),
        "company": env._("sender's company"),
        "language": env._("language of the text"),
        "urgency": env._("urgency"),
        "time": env._("time of arrival"),
    }


def operators(env):
    """How a condition compares."""
    return {
        "contains": env._("contains"),
        "is": env._("is"),
        "starts": env._("starts with"),
        "ends": env._("ends with"),
        "matches": env._("looks like (* for anything)"),
        "words": env._("has one of the words"),
        "under": env._("is or is below"),
        "exists": env._("is there"),
        "at_least": env._("is at least"),
        "at_most": env._("is at most"),
        "between": env._("is between"),
    }


def choices(env):
    """The answers of questions that have a few only."""
    return {
        "role": _folders(env),
        "automatic": _machines(env),
        "reply": {
            "new": env._("the first"),
            "reply": env._("an answer"),
            "answer": env._("an answer to us"),
        },
        "direction": {"incoming": env._("incoming"), "outgoing": env._("outgoing")},
        "authentic": {
            "pass": env._("genuine"),
            "fail": env._("forged"),
            "none": env._("none"),
        },
        "partner": {
            "known": env._("a known contact"),
            "unknown": env._("unknown"),
            "customer": env._("a customer"),
            "company": env._("of a known company"),
            "internal": env._("a colleague"),
            "vip": env._("a VIP"),
        },
        "conversation": {
            "first": env._("only this mail"),
            "later": env._("goes on"),
            "answered": env._("we answered"),
            "unanswered": env._("nobody answered"),
        },
        "urgency": {
            "high": env._("high"),
            "normal": env._("normal"),
            "low": env._("low"),
        },
    }


def _folders(env):
    """The kinds of folders."""
    return {
        "inbox": env._("inbox"),
        "sent": env._("sent"),
        "drafts": env._("drafts"),
        "archive": env._("archive"),
        "trash": env._("trash"),
        "junk": env._("spam"),
        "all": env._("all mail"),
        "flagged": env._("starred"),
        "important": env._("important"),
    }


def _machines(env):
    """The kinds of mail of machines."""
    return {
        "any": env._("any machine"),
        "bounce": env._("failed delivery"),
        "delay": env._("late delivery"),
        "report": env._("other report"),
        "auto-reply": env._("out of office"),
        "auto-generated": env._("written by a program"),
        "list": env._("mailing list"),
        "bulk": env._("bulk mail"),
        "calendar": env._("invitation"),
    }


def hints(env):
    """What to write as value, by field, else by operator, else by kind of field; for choices their
    values are shown."""
    return {
        "words": env._("such as offer, quote, Angebot"),
        "matches": env._("such as *@shop.example.com"),
        "under": env._("such as example.com"),
        "domain": env._("such as example.com"),
        "address": env._("such as ada@example.com"),
        "number": env._("a whole number"),
        "time": "08:00-17:30",
        "language": env._("code such as en, de, fr"),
        "country": env._("code or name, such as DE"),
        "partner_tag": env._("name of the tag"),
        "salesperson": env._("name or login"),
        "attachment_type": env._("such as application/pdf, image/*"),
        "size": env._("bytes"),
        "attachment_size": env._("bytes"),
    }


def stages(env):
    """The fixed questions before any rule."""
    return {
        "loop": env._("Is it part of a loop?"),
        "own": env._("Did we write it?"),
        "bounce": env._("Does it report on a delivery?"),
        "auto_reply": env._("Is it an automatic answer?"),
        "machine": env._("Is it from a list or a machine?"),
        "failed": env._("Could it be done?"),
        "values": env._("Could every value of the rule be set?"),
        "alias": env._("Is it for an alias?"),
        "thread": env._("Does it belong to a record already?"),
    }


def effects(env):
    """What a stage's answer means."""
    return {
        "silent": env._("no"),
        "failed": env._("no, an error:"),
        "left_out": env._("no, left out:"),
        "join": env._("yes: it may join its record, it opens none"),
        "note": env._("yes: at most a note on its record"),
        "ignore": env._("yes: nothing happens"),
        "machine": env._("yes: only for rules that ask for such mail"),
        "alias": env._("yes:"),
    }


def signals(env):
    """What leads to a record."""
    return {
        "message-id": env._("it is in the chatter already"),
        "own-id": env._("it is in the chatter already; a relay gave it another Message-ID"),
        "token": env._("it was sent to the reply address of a message there"),
        "in-reply-to": env._("it answers a message there"),
        "person": env._("a person said that its conversation belongs there"),
        "references": env._("it refers to a message there"),
        "store": env._("it refers to mail that is linked there"),
        "conversation": env._("its conversation is linked there"),
        "subject": env._("its subject names it"),
        "quote": env._("it quotes a message that is linked there"),
    }


def reasons(env):
    """Why a plan came out as it did."""
    return {
        "there": env._("It was in the chatter of the record already."),
        "thread": env._("It belongs to the conversation of the record, and so does its sender."),
        "loop": env._("It is part of a loop."),
        "own": env._("It was written in this mailbox."),
        "bounce": env._("It reports on the delivery of a mail."),
        "auto_reply": env._("It is an automatic answer."),
        "forged": env._("The provider says that the sender is forged."),
        "stranger": env._("It refers to a record, but its sender does not belong to that record."),
        "unvouched": env._(
            "Nobody vouches for the sender, and the sender's name alone is not enough."
        ),
        "unmatched": env._("No rule asks for it."),
        "approval": env._("The rule wants a person to agree first."),
        "rule": env._("A rule asks for it."),
        "lost": env._(
            "What the rule opens or adds to is not here any more. Change the rule or switch it off."
        ),
        "alias": env._("It is addressed to an alias."),
        "alias_refused": env._(
            "The alias does not take mail of this sender; Odoo has told the sender so."
        ),
        "failed": env._("The record could not be opened or changed; what was said is below."),
        "source": env._("Its source cannot be had now."),
        "person": env._("A person decided."),
        "asked": env._("Somebody wants to make a record of it."),
    }


def say_check(env, data):
    """One test as a sentence."""
    field = fields_of_rules(env).get(data["field"], data["field"])
    if data.get("name"):
        field = f"{field} {data['name']}"
    words = [field, operators(env).get(data["op"], data["op"])]
    value = data.get("value")
    if isinstance(value, list):
        words.append(" – ".join(value))
    elif value not in (None, ""):
        told = choices(env).get(data["field"], {}).get(value, value)
        words.append(f"“{told}”")
    return " ".join(words)


def say_found(env, data):
    """What the mail has there, in the words of the answers where there are a few only."""
    found = data.get("found") or ""
    texts = choices(env).get(data["field"], {})
    return texts.get(found, found)


def say_urgency(env, found):
    """What an urgency rests on; ``found``: pairs of a place and what stood there."""
    places = {"subject": env._("subject"), "text": env._("text")}
    return ", ".join(f"{places.get(where, where)}: “{what}”" for where, what in found)


def say(env, data):
    """A condition as a sentence; ``data`` is its JSON form."""
    if "not" in data:
        return env._("not (%s)", say(env, data["not"]))
    for key, glue, empty in (
        ("all", env._(" and "), env._("every mail")),
        ("any", env._(" or "), env._("no mail")),
    ):
        if key in data:
            parts = [_bracket(say(env, item), item) for item in data[key]]
            return glue.join(parts) or empty
    return say_check(env, data)


def _bracket(text, item):
    return f"({text})" if len(item.get("all") or item.get("any") or ()) > 1 else text
