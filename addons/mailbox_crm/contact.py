"""What a mail without a signature tells about who wrote it."""

import phonenumbers

from mailbox_core.mime.quote import new_text

#: Lines at the end of a mail in which a signature stands.
_LAST_LINES = 15
_CHARACTERS = 4_000


def phone(text, region):
    """The first telephone number of the last lines, in international form, empty without one.

    ``region``: the country (ISO 3166) whose national numbers are understood.
    """
    lines = [line for line in new_text(text[:100_000]).splitlines() if line.strip()]
    signature = "\n".join(lines[-_LAST_LINES:])[-_CHARACTERS:]
    for found in phonenumbers.PhoneNumberMatcher(signature, region or None):
        return phonenumbers.format_number(
            found.number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
    return ""
