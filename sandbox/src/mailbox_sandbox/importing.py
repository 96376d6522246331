"""Bringing real mail in: mbox files, Maildirs, folders of .eml, byte for byte."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import headers
from .account import Account
from .errors import WorldError

_FROM_LINE = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MAILDIR_FLAGS = {"F": ("STARRED", True), "S": ("UNREAD", False), "T": ("TRASH", True)}
MAX_MESSAGE = 157_286_400


@dataclass
class Report:
    """What an import did; ``problems`` says which file or message was left out and why."""

    imported: int = 0
    problems: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return plain data."""
        return {"imported": self.imported, "problems": self.problems}


@dataclass(frozen=True)
class Found:
    """A message on disk: bytes, labels, a date to fall back on and where it came from."""

    raw: bytes
    labels: tuple[str, ...]
    fallback_date: float
    place: str
    folder: str = ""


def load(account: Account, path: str) -> Report:
    """Import everything under *path* in order of date. Raises ValueError for a missing path.

    Broken mail is kept as it is; only what cannot be read or is empty is reported.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise ValueError(f"no such file or folder: {path}")
    report = Report()
    found = sorted(
        ((_date(item, account.clock.now()), item) for item in _find(root, report)),
        key=lambda pair: pair[0],
    )
    for moment, item in found:
        try:
            labels = _with_folder(account, item)
            account.deliver(item.raw, labels, moment)
            report.imported += 1
        except WorldError as error:
            report.problems.append(f"{item.place}: {error}")
    return report


def _with_folder(account: Account, item: Found) -> list[str]:
    if not item.folder:
        return list(item.labels)
    known = account.labels.find(item.folder)
    label_id = known.id if known else account.add_label(item.folder)
    return [*(label for label in item.labels if label != "INBOX"), label_id]


def _find(root: Path, report: Report) -> Iterator[Found]:
    if root.is_file():
        yield from _file(root, report)
    elif (root / "cur").is_dir() or (root / "new").is_dir():
        yield from _maildir(root, report)
    else:
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield from _file(path, report)


def _file(path: Path, report: Report) -> Iterator[Found]:
    data = _read(path, report)
    if data is None:
        return
    moment = path.stat().st_mtime
    if data.startswith(b"From ") and path.suffix.lower() != ".eml":
        for index, raw in enumerate(_mbox(data)):
            yield Found(raw, _mbox_labels(raw), moment, f"{path}#{index + 1}")
    elif _looks_like_mail(data):
        yield Found(data, ("INBOX", "UNREAD"), moment, str(path))
    else:
        report.problems.append(f"{path}: not a mail (no header field in it)")


def _looks_like_mail(data: bytes) -> bool:
    return bool(headers.parse(data[:65536]))


def _read(path: Path, report: Report) -> bytes | None:
    try:
        size = path.stat().st_size
        if size > MAX_MESSAGE and not _is_mbox(path):
            report.problems.append(f"{path}: {size} bytes, the limit is {MAX_MESSAGE}")
            return None
        data = path.read_bytes()
    except OSError as error:
        report.problems.append(f"{path}: {error.strerror}")
        return None
    if not data:
        report.problems.append(f"{path}: empty")
        return None
    return data


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(5) == b"From "


def _mbox(data: bytes) -> Iterator[bytes]:
    """Split an mbox (mboxrd: one level of quoting is taken off lines that begin >From)."""
    starts = [
        found
        for found in _FROM_LINE.finditer(data)
        if found.start() == 0 or _blank_before(data, found.start())
    ]  # fmt: skip
    for found, following in zip(starts, [*starts[1:], None], strict=True):
        raw = data[found.end() : following.start() if following else len(data)]
        if following is not None or raw.endswith((b"\n\n", b"\r\n\r\n")):
            raw = raw[:-2] if raw.endswith(b"\r\n") else raw[:-1]
        if raw.strip():
            yield _QUOTED.sub(rb"\1", raw)


def _blank_before(data: bytes, start: int) -> bool:
    before = data[max(0, start - 4) : start]
    return before.endswith(b"\n\n") or before.endswith(b"\r\n\r\n")


def _mbox_labels(raw: bytes) -> tuple[str, ...]:
    fields = headers.parse(raw)
    status = headers.get(fields, "Status") + headers.get(fields, "X-Status")
    labels = {"INBOX"} if "R" in status else {"INBOX", "UNREAD"}
    if "F" in headers.get(fields, "X-Status"):
        labels.add("STARRED")
    return tuple(sorted(labels))


def _maildir(root: Path, report: Report) -> Iterator[Found]:
    """Read a Maildir and its Maildir++ subfolders (``.Folder.Sub``)."""
    folders = [(root, "")]
    for child in sorted(root.iterdir()):
        if child.is_dir() and (child / "cur").is_dir():
            folders.append((child, child.name.lstrip(".").replace(".", "/")))
    for place, name in folders:
        for part in ("cur", "new"):
            for path in sorted((place / part).glob("*")) if (place / part).is_dir() else ():
                data = _read(path, report) if path.is_file() else None
                if data is not None:
                    labels = _maildir_labels(path.name, part)
                    yield Found(data, labels, path.stat().st_mtime, str(path), name)


def _maildir_labels(name: str, part: str) -> tuple[str, ...]:
    flags = name.rpartition(":2,")[2] if ":2," in name else ""
    labels = {"INBOX", "UNREAD"}
    if part == "cur":
        for flag, (label, present) in _MAILDIR_FLAGS.items():
            if flag in flags:
                (labels.add if present else labels.discard)(label)
    return tuple(sorted(labels))


def _date(item: Found, now: float) -> float:
    """Return the time of the Date header if it is one and not in the future, else the file's."""
    value = headers.get(headers.parse(item.raw), "Date")
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return min(item.fallback_date, now)
    return moment if 0 < moment <= now else min(item.fallback_date, now)
