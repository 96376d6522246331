"""What the person asked for: `make demo ONCE=1 REPORT=file.json MAIL=path QUOTA=2026 …`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailbox_tools.env import ToolingError

#: Names of the sandbox's quota profiles by what a person writes.
QUOTAS = {"": "v1", "2024": "v1", "v1": "v1", "2026": "v2", "v2": "v2"}


@dataclass(frozen=True)
class Options:
    """How to run the demo."""

    once: bool = False
    report: Path | None = None
    mail: tuple[Path, ...] = ()
    quota: str = "v1"
    messages: int = 2000
    port: int = 8069
    arrivals: int = 20


def read(environment: Mapping[str, str], mail: Sequence[str]) -> Options:
    """Return the options. Raises ToolingError that names a wrong one and what it may be."""
    quota = environment.get("QUOTA", "")
    if quota not in QUOTAS:
        raise ToolingError(
            f"QUOTA={quota} is unknown; use QUOTA=2026 for the strict profile, or nothing"
        )
    report = environment.get("REPORT")
    return Options(
        once=environment.get("ONCE", "") not in {"", "0"},
        report=Path(report).expanduser().resolve() if report else None,
        mail=tuple(_existing(path) for path in mail),
        quota=QUOTAS[quota],
        messages=_number(environment, "MESSAGES", 2000),
        port=_number(environment, "PORT", 8069),
        arrivals=_number(environment, "ARRIVALS", 20),
    )


def _existing(path: str) -> Path:
    found = Path(path).expanduser().resolve()
    if not found.exists():
        raise ToolingError(
            f"MAIL={path} does not exist; give an mbox file, a Maildir or a folder of .eml files"
        )
    return found


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise ToolingError(f"{name}={text} is not a whole number")
    return int(text)
