"""The words of routing for people: fields, operators, stages, reasons. Keys are those of the
core."""


def fields_of_rules(env):
    """What a condition can ask."""
    _ = env._
    return {
        "sender": _("sender's address"),
        "sender_name": _("sender's name"),
        "domain": _("sender's domain"),
        "to": _("To"),
        "cc": _("Cc"),
        "recipients": _("a recipient"),
        "subject": _("subject"),
        "body": _("text"),
        "header": _("header"),
        "attachment": _("name of an attachment"),
        "attachment_type": _("type of an attachment"),
        "attachments": _("number of attachments"),
        "size": _("size in bytes"),
        "folder": _("folder or label"),
        "role": _("kind of folder"),
        "automatic": _("kind of machine mail"),
        "list": _("mailing list"),
        "reply": _("place in the conversation"),
        "direction": _("direction"),
        "authentic": _("provider's verdict on the sender"),
        "partner": _("what the sender is here"),
        "time": _("time of arrival"),
    }


def operators(env):
    """How a condition compares."""
    _ = env._
    return {
        "contains": _("contains"),
        "is": _("is"),
        "starts": _("starts with"),
        "ends": _("ends with"),
        "matches": _("looks like (* for anything)"),
        "words": _("has one of the words"),
        "under": _("is or is below"),
        "exists": _("is there"),
        "at_least": _("is at least"),
        "at_most": _("is at most"),
        "between": _("is between"),
    }


def stages(env):
    """The fixed questions before any rule."""
    _ = env._
    return {
        "loop": _("Does it come back to us, or from a sender without end?"),
        "own": _("Did we write it?"),
        "bounce": _("Does it report on a delivery?"),
        "auto_reply": _("Is it an automatic answer?"),
        "machine": _("Is it from a list or a machine?"),
        "thread": _("Does it belong to a record already?"),
    }


def effects(env):
    """What a stage's answer means."""
    _ = env._
    return {
        "silent": _("no"),
        "join": _("yes: it may join its record, it opens none"),
        "note": _("yes: at most a note on its record"),
        "ignore": _("yes: nothing happens"),
        "machine": _("yes: only for rules that ask for such mail"),
    }


def signals(env):
    """What leads to a record."""
    _ = env._
    return {
        "message-id": _("it is in the chatter already"),
        "in-reply-to": _("it answers a message there"),
        "references": _("it refers to a message there"),
        "store": _("it refers to mail that is linked there"),
        "conversation": _("its conversation is linked there"),
    }


def reasons(env):
    """Why a plan came out as it did."""
    _ = env._
    return {
        "there": _("It was in the chatter of the record already."),
        "thread": _("It belongs to the conversation of the record, and so does its sender."),
        "loop": _("It is part of a loop."),
        "own": _("It was written in this mailbox."),
        "bounce": _("It reports on the delivery of a mail."),
        "auto_reply": _("It is an automatic answer."),
        "forged": _("The provider says that the sender is forged."),
        "stranger": _("It refers to a record, but its sender does not belong to that record."),
        "unvouched": _("Nobody vouches for the sender, and the sender's name alone is not enough."),
        "unmatched": _("No rule asks for it."),
        "approval": _("The rule wants a person to agree first."),
        "rule": _("A rule asks for it."),
        "source": _("Its source cannot be had now."),
        "person": _("A person decided."),
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
        words.append(f"“{value}”")
    return " ".join(words)


def say(env, data):
    """A condition as a sentence; ``data`` is its JSON form."""
    _ = env._
    if "not" in data:
        return _("not (%s)", say(env, data["not"]))
    for key, glue, empty in (
        ("all", _(" and "), _("every mail")),
        ("any", _(" or "), _("no mail")),
    ):
        if key in data:
            parts = [_bracket(say(env, item), item) for item in data[key]]
            return glue.join(parts) or empty
    return say_check(env, data)


def _bracket(text, item):
    return f"({text})" if len(item.get("all") or item.get("any") or ()) > 1 else text
