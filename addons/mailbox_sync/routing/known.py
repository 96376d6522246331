"""What Odoo asks again for every mail that is posted, asked once for a whole batch.

Odoo's own methods do the work, and other modules' overrides of them are called as ever; only where
the last of them would ask the database, the answer for all records of the batch is at hand
(``models/mail_known.py``). It lasts as long as no contact and no follower changes.
"""

import re

from odoo.tools.mail import html_sanitize

from .people import CHANGES

#: The context key of a batch's ``Known``.
KNOWN = "mailbox_known"
#: Tags of which the gateway's sanitising keeps what the field's, alone, would cut out or move.
_ODD = re.compile(
    r"<[?!]doctype|<\?|</?(?:html|head|body|title|style|script|noscript|meta|link|base|iframe|object"
    r"|embed|applet|layer|param|frame|frameset|textarea|select|xml)\b",
    re.IGNORECASE,
)
#: A whole document of which only what stands inside ``body`` is ever shown.
_DOCUMENT = re.compile(
    r"\s*<html>\s*<head>(?:\s*<meta\b[^>]*>)*\s*<style[^>]*>[^<]*</style>\s*</head>\s*<body>"
    r"(?P<inside>.*?)(?:</body>\s*</html>\s*)?",
    re.IGNORECASE | re.DOTALL,
)
#: Key of the cursor's cache under which changes of followers are counted.
FOLLOWED = "mailbox_sync.followers"


def of(env):
    """The ``Known`` of the batch that is posted in this environment, or None. A client may put
    anything into its context; it cannot put one of these."""
    found = env.context.get(KNOWN)
    return found if isinstance(found, Known) else None


def note_change(env):
    """Followers changed in this transaction: what was known of them is asked again."""
    cache = env.cr.cache
    cache[FOLLOWED] = cache.get(FOLLOWED, 0) + 1


class Known:
    """Answers by record. ``records``: by model and id those that mails may be posted on, a mapping
    that the batch goes on filling."""

    def __init__(self, records):
        self._records = records
        self._expected = set()
        self._answers = {}
        self._parents = set()
        self._clean = set()
        self._stamp = None

    def forget(self):
        """Start again: work was rolled back, or a rule changed records."""
        self._answers.clear()
        self._parents.clear()
        self._expected.clear()

    def expect(self, records):
        """Records that were just made: mails will be posted on them."""
        self._expected |= {(records._name, id_) for id_ in records.ids}

    # -- answers by record ---------------------------------------------------------------------

    def answers(self, records, question, ask):
        """What ``ask`` says of ``records``, by id: asked for every record of the batch at once.

        ``question``: what the answer depends on besides the record, its company and the user.
        """
        env = records.env
        self._refresh(env)
        companies = {id_: one.id for id_, one in records._mail_get_companies().items()}
        key = records._name, env.uid, env.su, env.company.id, *question
        known = self._answers.setdefault(key, {})
        if any(known.get(id_, (None,))[0] != company for id_, company in companies.items()):
            # Who may not read everything is answered about his records alone.
            asked = {*self._records, *self._expected} if env.su else ()
            others = {id_ for model, id_ in asked if model == records._name}
            every = records.browse(sorted(others.difference(known).union(records.ids)))
            firms = every._mail_get_companies()
            found = ask(every)
            known |= {one.id: (firms[one.id].id, found[one.id]) for one in every}
        return {id_: known[id_][1] for id_ in records.ids}

    def answer(self, env, question, ask):
        """What ``ask`` says where no record matters; ``question`` says on what it depends."""
        self._refresh(env)
        key = None, env.uid, env.su, *question
        if key not in self._answers:
            self._answers[key] = ask()
        return self._answers[key]

    def _refresh(self, env):
        cache = env.cr.cache
        stamp = cache.get(CHANGES, 0), cache.get(FOLLOWED, 0)
        if stamp != self._stamp:
            self._answers.clear()
            self._stamp = stamp

    # -- lines and texts -----------------------------------------------------------------------

    def note_parent(self, line):
        """A line that is in the chatter of the record that is posted on."""
        self._parents.add((line.id, line.model, line.res_id))

    def is_parent(self, line_id, record):
        """Whether the line is known to be in the chatter of the record."""
        return (line_id, record._name, record.id) in self._parents

    def clean(self, field, html):
        """``html`` made harmless as Odoo's gateway hands it over. The gateway sanitises it, and the
        field that keeps it does so again, more strictly: where once is enough it is done once."""
        options = options_of(field)
        if not options or not once_is_enough(html):
            return gateways_html(html)
        cleaned = html_sanitize(html, **{**options, "strip_classes": True})
        self._clean.add(str(cleaned))
        return cleaned

    def is_clean(self, html):
        """Whether ``html`` is exactly what ``clean`` made."""
        return html in self._clean


def gateways_html(html):
    """``html`` as Odoo's gateway hands it over (``mail.thread._message_parse_extract_payload``)."""
    return html_sanitize(html, sanitize_tags=False, strip_classes=True)


def once_is_enough(html):
    """Whether sanitising as the field does shows what sanitising as the gateway and then as the
    field does would show: so for pieces of HTML, as most mail programs write them, and for simple
    documents; not where text outside ``body`` or the looks of ``body`` count."""
    document = _DOCUMENT.fullmatch(html)
    return not _ODD.search(document["inside"] if document else html)


def options_of(field):
    """The options of Odoo's sanitiser with which a field keeps HTML; None where it asks users."""
    if not field.sanitize or field.sanitize_overridable:
        return None
    return {
        "sanitize_tags": field.sanitize_tags,
        "sanitize_attributes": field.sanitize_attributes,
        "sanitize_style": field.sanitize_style,
        "sanitize_form": field.sanitize_form,
        "sanitize_conditional_comments": field.sanitize_conditional_comments,
        "output_method": field.sanitize_output_method,
        "strip_style": field.strip_style,
        "strip_classes": field.strip_classes,
    }
