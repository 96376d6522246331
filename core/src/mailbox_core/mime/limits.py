"""How much of a message is read, and nothing else: every bound of this package in one place.

A message above a bound is still parsed, up to it, and says so in ``Email.defects``; the raw message
is kept elsewhere, whole. The figures are far above honest mail (RFC 5322 section 2.1.1 allows lines
of 998 octets; large providers refuse headers above 192 KiB to 1 MiB and messages above 25 to 150
MiB) and keep one parse under 2 CPU seconds and 200 MB.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 50
"""Multiparts inside multiparts. Deeper ones are listed as one opaque part."""

MAX_PARTS: Final = 2_000
"""Entities of a message, containers included."""

SCAN_BYTES: Final = 1 << 30
"""Bytes looked at for delimiters, all open levels together: a huge message may nest less deep."""

MAX_CANDIDATES: Final = 100_000
"""Lines that begin like a delimiter without being one."""

MAX_BOUNDARY: Final = 256
"""Octets of a boundary (RFC 2046 section 5.1.1 allows 70)."""

MAX_HEADER_SCAN: Final = 2 * 1024 * 1024
"""Octets of a header block that are looked at."""

MAX_HEADER_BLOCK: Final = 256 * 1024
"""Octets of field values kept of one header block; the fields a message cannot do without are kept
beyond it."""

MAX_HEADER: Final = 64 * 1024
"""Octets of one header field."""

MAX_FIELDS: Final = 1_000
"""Header fields of one entity."""

MAX_HEADER_TEXT: Final = 8 * 1024
"""Characters of one value in ``Email.headers``."""

MAX_HEADERS_TEXT: Final = 128 * 1024
"""Characters of all values in ``Email.headers`` together."""

MAX_SUBJECT: Final = 1_000
"""Characters of a subject."""

MAX_RECIPIENTS: Final = 1_000
"""Addresses kept of each of To, Cc, Bcc, From, Reply-To."""

MAX_ADDRESS: Final = 320
"""Characters of an address (RFC 5321 section 4.5.3.1: 64 + 1 + 255)."""

MAX_NAME: Final = 256
"""Characters of a display name."""

MAX_MESSAGE_ID: Final = 250
"""Characters of a Message-ID; a longer one is stood for by a digest of it."""

MAX_REFERENCES: Final = 100
"""Ids kept of References: the first ``FIRST_REFERENCES`` and the last ones."""

FIRST_REFERENCES: Final = 20

MAX_PARAMS: Final = 100
"""Parameters of one Content-Type or Content-Disposition."""

MAX_BODY: Final = 4 * 1024 * 1024
"""Decoded octets of text, and of HTML, that become ``Email.text`` and ``Email.html``."""

MAX_BODY_PIECES: Final = 50
"""Text parts joined to one body; further ones are listed as attachments."""

MAX_FILENAME: Final = 200
"""UTF-8 octets of a safe file name (file systems stop at 255)."""

CHARSET_SAMPLE: Final = 8 * 1024
"""Octets looked at when a charset has to be guessed."""

HTML_SAMPLE: Final = 64 * 1024
"""Characters of HTML looked at for a snippet."""

TEXT_SAMPLE: Final = 16 * 1024
"""Characters of text looked at for a snippet."""

MAX_SNIPPET: Final = 200
"""Characters of a snippet."""

MAX_EMBEDDED: Final = 100
"""Files listed from one uuencoded body or one winmail.dat."""
