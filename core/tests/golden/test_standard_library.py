"""Our tree against the standard library's, on third-party mail.

The messages are those of CPython's own tests for ``email`` (PSF licence), read from the running
Python where its ``test`` package is installed; nothing of them is copied here.
"""

from __future__ import annotations

import email
import importlib.util
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from mailbox_core.mime import body, parse, transfer
from mailbox_core.mime.structure import Entity, Tree, scan
from mailbox_core.testing import corpus


def _folder() -> Path | None:
    try:
        spec = importlib.util.find_spec("test.test_email")
    except ModuleNotFoundError:
        return None
    return Path(spec.origin).parent / "data" if spec and spec.origin else None


def _messages() -> list[Path]:
    folder = _folder()
    return sorted(folder.glob("*.txt")) if folder and folder.is_dir() else []


def ours(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Type and decoded octets of every leaf."""
    for entity in tree.leaves():
        octets = transfer.decode(tree.octets(entity), body.encoding_of(entity))
        yield entity.content_type, normal(octets)


def normal(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").strip(b"\n")


def theirs(message: Message) -> Iterator[tuple[str, bytes]]:
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            assert isinstance(part, Message)
            yield from theirs(part)
        return
    kind = message.get_content_type()
    if kind.startswith("multipart/"):
        kind = "text/plain"  # could not be taken apart
    if message.is_multipart():
        inner = "\n\n".join(part.as_string() for part in message.get_payload())  # type: ignore[union-attr]
        yield kind, normal(inner.encode("ascii", "surrogateescape"))
        return
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    yield kind, normal(payload)


@pytest.mark.skipif(not _messages(), reason="this Python has no test.test_email (python3-full)")
@pytest.mark.parametrize("path", _messages(), ids=lambda path: path.name)
def test_the_same_parts(path: Path) -> None:
    raw = path.read_bytes()
    tree = scan(raw)
    mine = list(ours(tree))
    library = list(theirs(email.message_from_bytes(raw)))
    assert [kind for kind, _ in mine] == [kind for kind, _ in library]
    for (kind, octets), (_, expected) in zip(mine, library, strict=True):
        if not kind.startswith("message/"):  # the library writes those anew
            assert octets == expected
    parse(raw)


def test_the_same_parts_of_good_mail() -> None:
    for sample in corpus.samples("mime"):
        if sample.name.endswith("0"):
            raw = sample.raw
            tree = scan(raw)
            if not tree.defects:
                library = list(theirs(email.message_from_bytes(raw)))
                assert [k for k, _ in ours(tree)] == [k for k, _ in library], sample.name


def test_offsets_lie_in_the_message() -> None:
    for sample in corpus.samples("mime", seed=3):
        tree = scan(sample.raw)
        stack: list[Entity] = [tree.root]
        while stack:
            entity = stack.pop()
            assert 0 <= entity.body <= entity.end <= len(tree.raw)
            for child in entity.children:
                assert entity.body <= child.body <= child.end <= entity.end
            for before, after in zip(entity.children, entity.children[1:], strict=False):
                assert before.end <= after.body
            stack.extend(entity.children)
