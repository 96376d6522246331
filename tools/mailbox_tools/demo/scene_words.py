"""The argument of a decision, as lines for a terminal."""

from html.parser import HTMLParser

#: What became of a mail that no record has.
OUTCOMES = {
    "held": "waits for approval",
    "triage": "waits for a decision",
    "skipped": "stays in the mailbox",
    "stored": "stays in the mailbox",
}
#: The sign of a question that led to nothing; a terminal has no room for those.
_NOTHING = "fa-minus"


class _Steps(HTMLParser):
    """The items of the list that “Why here” shows, each with its sign."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li":
            self.items.append(("", []))
        elif tag == "i" and self.items:
            self.items[-1] = (dict(attrs).get("class") or "", self.items[-1][1])

    def handle_data(self, data: str) -> None:
        if self.items:
            self.items[-1][1].append(data)


def why(reason: str, html: str) -> list[str]:
    """The reason and the steps that decided, without the questions that led to nothing."""
    steps = _Steps()
    steps.feed(html or "")
    told = [
        " ".join(" ".join(words).split()) for sign, words in steps.items if _NOTHING not in sign
    ]
    return [reason or "No rule asks for it.", *filter(None, told)]


def _line(words: list[str]) -> str:
    return " ".join(" ".join(words).split())


def trial(found: dict[str, int]) -> list[str]:
    """What a back-test says."""
    return [
        f"{found['match_count']} match, {found['record_count']} records would exist",
        f"{found['conflict_count']} in conflict with another rule",
        f"{found['disagree_count']} against what a person decided later",
        "nothing was opened; the rule stays switched off",
    ]
