"""Lines of the push assistant: what was found, what it means, and the button that mends it.

A line is a dictionary, because it travels to the screen as it is: ``key``, ``title``, ``state``
(``ok``, ``warning``, ``failed``; of checkpoints ``observed``, ``waiting``, ``missing``), ``at``
(UTC, ISO 8601, or empty), ``detail``, ``advice``, and ``fixes``: words of buttons.
"""


def line(key, title, state, detail="", advice="", fixes=(), at=None):
    """One line for the screen."""
    return {
        "key": key,
        "title": title,
        "state": state,
        "at": f"{at.isoformat(timespec='milliseconds')}Z" if at else "",
        "detail": detail,
        "advice": advice,
        "fixes": list(fixes),
    }
