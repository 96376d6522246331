"""Attachments: listed with their sizes without decoding them, and read one by one by path.

A path is that of the MIME part (``structure``), with a suffix for files inside it: ``2/tnef:1`` is
the first file of the winmail.dat at ``2``, ``1/uu:2`` the second uuencoded file of the text at
``1``. A path below a ``message/rfc822`` part reaches into that message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..types import Part, PartRef
from . import body, limits, names, tnef, transfer
from .charset import decode as decode_text
from .headers import params, split, to_text
from .structure import Entity, Tree, scan

EXTERNAL_ACCESS = "x-mailbox-part"
"""access-type of a part that stayed at the provider (see ``types.Content``)."""

_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_PATH = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,60}")
_EMBEDDED = re.compile(r"(?P<path>[0-9.]+)/(?P<kind>tnef|uu):(?P<number>[0-9]{1,4})")
_MAX_TNEF = 64 * 1024 * 1024
_MAX_NESTED = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A listed part and the entity it was found in."""

    part: Part
    entity: Entity


def list_parts(tree: Tree, selection: body.Selection) -> list[Found]:
    """Attachments in the order of the message."""
    found: list[Found] = []
    for entity in selection.attachments:
        part = _external(tree, entity) or _part(tree, entity, entity.path in selection.related)
        found.append(Found(part, entity))
        if part.available and is_tnef(entity, part.filename):
            found += [Found(one, entity) for one in _tnef_parts(tree, entity)]
    for path, files in selection.uu.items():
        entity = find(tree, path)
        octets = _body_octets(tree, entity)
        found += [
            Found(_uu_part(path, number, file, octets), entity)
            for number, file in enumerate(files, 1)
        ]
    return found


def _part(tree: Tree, entity: Entity, related: bool) -> Part:
    cid = body.content_id(entity)
    disposition = body.disposition_of(entity)
    return Part(
        ref=PartRef(entity.path),
        filename=filename_of(entity) or names.default_filename(entity.content_type, entity.path),
        content_type=entity.content_type,
        size=transfer.decoded_size(tree.raw, entity.body, entity.end, body.encoding_of(entity)),
        content_id=cid,
        inline=disposition == "inline"
        or (disposition != "attachment" and related and cid is not None),
    )


def filename_of(entity: Entity) -> str:
    """The safe name from Content-Disposition, else from Content-Type, else empty."""
    raw = entity.fields.raw("content-disposition")
    if raw is not None:
        name = names.safe_filename(params(to_text(raw)[0])[1].get("filename", ""))
        if name:
            return name
    return names.safe_filename(entity.parameters.get("name", ""))


def _external(tree: Tree, entity: Entity) -> Part | None:
    """A part that stayed at the provider (RFC 2046 section 5.2.3). Its body holds its original
    header.
    """
    given = entity.parameters
    if (
        entity.content_type != "message/external-body"
        or given.get("access-type", "").lower() != EXTERNAL_ACCESS
    ):
        return None
    block, _ = split(tree.raw, entity.body, entity.end)
    inner = Entity("", block, entity.end, entity.end)
    content_type = given.get("type", "").lower() or "application/octet-stream"
    path = given.get("path", "")
    if not _PATH.fullmatch(path):
        path = entity.path  # a sender may write such a part himself
    size = given.get("size", "")
    return Part(
        ref=PartRef(path),
        filename=names.safe_filename(given.get("name", ""))
        or names.default_filename(content_type, path),
        content_type=content_type,
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0,
        content_id=body.content_id(inner) or body.content_id(entity),
        inline="inline" in (body.disposition_of(inner), body.disposition_of(entity)),
        available=False,
    )


def is_tnef(entity: Entity, filename: str) -> bool:
    """Whether a part is Outlook's winmail.dat."""
    return entity.content_type in _TNEF or filename.lower() == "winmail.dat"


def _tnef_parts(tree: Tree, entity: Entity) -> list[Part]:
    try:
        files = tnef.files(_decoded(tree, entity, _MAX_TNEF))
    except tnef.BrokenTnef:
        tree.defects.add("tnef")
        return []
    return [
        Part(
            ref=PartRef(f"{entity.path}/tnef:{number}"),
            filename=names.safe_filename(file.name)
            or names.default_filename(file.content_type, f"{number}"),
            content_type=file.content_type,
            size=len(file.data),
            content_id=file.content_id,
        )
        for number, file in enumerate(files, 1)
    ]


def _uu_part(path: str, number: int, file: transfer.UuFile, octets: bytes) -> Part:
    path = f"{path}/uu:{number}"
    name = names.safe_filename(decode_text(file.name, None)[0])
    return Part(
        PartRef(path),
        name or names.default_filename("application/octet-stream", path),
        "application/octet-stream",
        len(file.data(octets)),
    )


def _body_octets(tree: Tree, entity: Entity) -> bytes:
    """The octets in which the body selection found uuencoded files."""
    return _decoded(tree, entity, limits.MAX_BODY * 4 + 64)[: limits.MAX_BODY]


def _decoded(tree: Tree, entity: Entity, limit: int | None = None) -> bytes:
    return transfer.decode(tree.octets(entity, limit), body.encoding_of(entity))


def find(tree: Tree, path: str) -> Entity:
    """The entity at ``path``. Raises KeyError."""
    entity = tree.root
    if not entity.multipart and path == "1":
        return entity
    for step in path.split("."):
        if not (
            step.isascii()
            and step.isdigit()
            and len(step) < 7
            and 0 < int(step) <= len(entity.children)
        ):
            raise KeyError(path)
        entity = entity.children[int(step) - 1]
    return entity


def octets_of(tree: Tree, path: str, nested: int = 0) -> bytes:
    """Decoded octets of a part, or of a file inside one. Raises KeyError when it is not there."""
    inside = _EMBEDDED.fullmatch(path)
    if inside:
        return _embedded(
            tree, inside.group("path"), inside.group("kind"), int(inside.group("number"))
        )
    try:
        entity = find(tree, path)
    except KeyError:
        return _in_message(tree, path, nested)
    if entity.content_type == "message/external-body" and _external(tree, entity):
        raise KeyError(path)
    return _decoded(tree, entity)


def _in_message(tree: Tree, path: str, nested: int) -> bytes:
    """Look below the longest prefix of ``path`` that is an attached message."""
    steps = path.split(".")
    if nested < _MAX_NESTED and len(steps) <= limits.MAX_DEPTH:
        for cut in range(len(steps) - 1, 0, -1):
            try:
                entity = find(tree, ".".join(steps[:cut]))
            except KeyError:
                continue
            if entity.content_type in _MESSAGES:
                return octets_of(scan(_decoded(tree, entity)), ".".join(steps[cut:]), nested + 1)
            break
    raise KeyError(path)


def _embedded(tree: Tree, path: str, kind: str, number: int) -> bytes:
    entity = find(tree, path)
    try:
        if kind == "tnef":
            return tnef.files(_decoded(tree, entity, _MAX_TNEF))[number - 1].data
        octets = _body_octets(tree, entity)
        return transfer.uu_files(octets)[number - 1].data(octets)
    except (IndexError, tnef.BrokenTnef):
        raise KeyError(f"{path}/{kind}:{number}") from None
