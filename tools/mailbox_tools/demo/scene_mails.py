"""The mails of the scene, as somebody's mail program would have written them."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from mailbox_tools.demo.provider import ADDRESS

OFFER = """Dear team,

please send us a quote for 40 shelves, oak, 120 cm, delivered to Bremen by June.

Kind regards
Ina Weber
Head of Purchasing
Weber Interiors GmbH
Phone: +49 421 5550123
www.weber-interiors.example
"""
REPLY = """Dear team,

one more thing: could the shelves be 130 cm?

Ina
"""
PROBLEM = """Hello,

we have a problem: the coffee machine we bought last week leaks and does not heat.
Could somebody call us today?

Tom Lee
Harbour Café
"""
ORDER = """Hello,

we would like to order 200 chairs as in your catalogue, page 12.

{name}
{company}
"""
STRANGER = """Hello,

could you tell me what was offered in this matter?

Max
"""
LUNCH = "Shall we have lunch on Thursday?\n"
URGENT = """Guten Tag,

wir brauchen dringend ein Angebot für 12 Tische, Eiche, bis morgen.

Mit freundlichen Grüßen
Jan Vogt
Vogt Bau GmbH
"""
SNAGS = """Hello,

second floor, from this morning's walk: two doors scrape, one shelf is missing, paint at the lift.

Uma Roy
Site manager
"""
INVOICE = """Dear customer,

please find our invoice 2026-118 over 1,240.00, due in 14 days.

Wood Mill, billing
"""


def mail(sender: str, subject: str, text: str, answers: str = "") -> EmailMessage:
    """A mail to the demo's mailbox. ``answers``: the Message-ID it replies to."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, ADDRESS, subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    if answers:
        message["In-Reply-To"] = message["References"] = answers
    message.set_content(text)
    return message
