"""Which messages an owner wants copied: the rules of ``types.Scope`` as pure functions.

A provider applies them before a download as far as its index can tell (``Upsert.filtered``). An
index may lag behind the mail, so the engine asks ``admits`` again about everything that really
arrives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from .types import Content, Folder, Scope

Rule = Literal["since", "size", "folder", "exclude"]


def folder_rule(placed: Iterable[str], scope: Scope, folders: Iterable[Folder]) -> Rule | None:
    """``folder`` when a message with these placements (remote folder ids) is not wanted, else None.

    With ``Scope.folders`` one wanted placement is enough. Without, a placement in a folder of a
    skipped role keeps the message out (what lies in junk and carries a label is still junk); the
    role *all* is never skipped, since nothing would be left.
    """
    here = frozenset(placed)
    if scope.folders is not None:
        return None if here & scope.folders else "folder"
    skipped = {folder.remote_id for folder in folders if _is_skipped(folder, scope)}
    return "folder" if here & skipped else None


def admits(content: Content, scope: Scope, folders: Iterable[Folder]) -> Rule | None:
    """The first rule that keeps a fetched message out, None if it is wanted.

    ``exclude`` is never the answer: it is written in the provider's own syntax, only the provider
    can evaluate it. ``since`` counts whole seconds, as search indexes do.
    """
    if scope.since is not None and content.received_at < scope.since.replace(microsecond=0):
        return "since"
    if scope.max_message_bytes is not None and content.size > scope.max_message_bytes:
        return "size"
    return folder_rule(content.folders, scope, folders)


def _is_skipped(folder: Folder, scope: Scope) -> bool:
    return folder.role is not None and folder.role != "all" and folder.role in scope.skip_roles
