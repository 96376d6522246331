"""Mails that open a record each or answer in one, and that nothing connects: they are done
together.

Only where the steps from a mail to its record are written by addons that are known to look at
nothing but their own mail; elsewhere each mail is done by itself.
"""

from . import addresses, process, together

#: Mails and octets that are done together: their files are in memory at the same time.
_MAILS = 40
_OCTETS = 4_000_000
#: Addons whose steps look at nothing but their own mail, whatever the model.
_KNOWN = frozenset({"mail", "mass_mailing", "mailbox_sync", "rating", "sms"})
_OPENING = ("message_new", "_mailbox_new")
_POSTING = ("_mailbox_append", "message_update", "message_post", "_message_post_after_hook")


class Opening:
    """Mails that wait for each other, with their plans."""

    def __init__(self, env):
        self._env = env
        self._keys = set()
        self._octets = 0
        self._known = {}
        self.waiting = []

    def takes(self, mail, plan):
        """Whether this mail can be done together with others."""
        if plan.extra or mail.row.size > _OCTETS or process.is_wrapped(self._env):
            return False
        if plan.outcome == "join":
            return self._is_known(plan.candidate.record._name, _POSTING)
        if plan.outcome != "create" or len(plan.routes) != 1:
            return False
        name = plan.routes[0].target_model
        # What a target looks for in other mail's records cannot be told from here.
        searches = sum("_mailbox_find" in vars(cls) for cls in type(self._env[name]).__mro__) > 1
        return not searches and self._is_known(name, _OPENING)

    @property
    def is_full(self):
        return len(self.waiting) >= _MAILS or self._octets >= _OCTETS

    def add(self, mail, plan):
        """Let it wait."""
        self.waiting.append((mail, plan))
        self._octets += mail.row.size
        self._keys |= _keys(mail) | _record_keys(plan)

    def holds(self, plan):
        """Whether one that waits will be added to the record this plan is about."""
        return not self._keys.isdisjoint(_record_keys(plan))

    def touches(self, mail):
        """Whether what becomes of this mail may depend on one that waits: the same sender, or the
        same conversation by whatever sign."""
        return bool(self._keys) and not self._keys.isdisjoint(
            _keys(mail) | {("id", one) for one in mail.ids}
        )

    def take(self):
        """Those that wait; none do any more."""
        taken, self.waiting = self.waiting, []
        self._keys, self._octets = set(), 0
        return taken

    def _is_known(self, name, steps):
        if (name, steps) not in self._known:
            model = self._env[name]
            known = _KNOWN.union(getattr(model, "_mailbox_known", ()))
            written = set().union(*(_addons(type(model), step) for step in steps))
            self._known[name, steps] = written <= known
        return self._known[name, steps]


def run(group, work):
    """``work(mail, plan)`` of all, together; the answers in their order."""
    return together.run([lambda one=one: work(*one) for one in group])


def _keys(mail):
    facts, row = mail.facts, mail.row
    signs = {
        ("id", mail.key),
        ("id", mail.email.message_id),
        ("sender", addresses.key_of(facts.sender) or facts.sender),
        ("conversation", row.conversation_id.id),
    }
    return {(kind, value) for kind, value in signs if value}


def _record_keys(plan):
    record = plan.candidate.record if plan.candidate else None
    return {("record", (record._name, record.id))} if record else set()


def _addons(model, method):
    """The addons that wrote a method of a model."""
    found = (vars(cls).get(method) for cls in model.__mro__)
    paths = (getattr(one, "__module__", "").split(".") for one in found if one is not None)
    return {path[2] if path[:2] == ["odoo", "addons"] and len(path) > 2 else "" for path in paths}
