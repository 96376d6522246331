"""Keeping a world in a file: a zip of one JSON document and the messages by hash."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from .account import Account, SendAs
from .world import World

VERSION = 1
Json = dict[str, Any]


def save(world: World, path: str) -> None:
    """Write the world's accounts, mail, clients and live refresh tokens. Raises OSError.

    History is not kept: after a load every cursor is too old, as after a long absence.
    """
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    written: set[str] = set()
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        document = {
            "version": VERSION,
            "accounts": [_account(item, archive, written) for item in world.accounts.values()],
            "clients": [vars(client) for client in world.identity.clients.values()],
            "tokens": _tokens(world),
        }
        archive.writestr("world.json", json.dumps(document))
    os.chmod(partial, 0o600)
    os.replace(partial, target)


def _account(account: Account, archive: zipfile.ZipFile, written: set[str]) -> Json:
    with account.locked():
        rows = []
        for message in account.messages.values():
            if message.sha256 not in written:
                written.add(message.sha256)
                archive.writestr(f"raw/{message.sha256}", message.raw)
            rows.append([message.id, message.thread_id, message.sha256, sorted(message.labels),
                         message.internal_date])  # fmt: skip
        user = [label for label in account.labels.by_id.values() if label.type == "user"]
        return {
            "email": account.email, "name": account.name, "sub": account.sub,
            "position": account.log.last_id(), "messages": rows, "drafts": account.drafts,
            "labels": [[x.id, x.name, x.message_list_visibility, x.label_list_visibility,
                        x.text_color, x.background_color] for x in user],
            "send_as": [[x.email, x.name, x.reply_to, x.signature, x.is_primary, x.is_default,
                         x.treat_as_alias, x.verified] for x in account.send_as],
        }  # fmt: skip


def _tokens(world: World) -> list[Json]:
    return [
        {"token": token.token, "client": token.client.id, "account": token.account,
         "scopes": token.scopes, "issued": token.issued, "used": token.used,
         "expires": token.expires}
        for token in world.identity.refresh_tokens.values()
        if not token.dead
    ]  # fmt: skip


def load(world: World, path: str) -> None:
    """Fill an empty world from a file. Raises ValueError when the file is not one of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read("world.json"))
            if document.get("version") != VERSION:
                raise ValueError(f"{path}: version {document.get('version')} is not known")
            for client in document["clients"]:
                world.add_client(client["id"], client["secret"], client["redirect_uris"],
                                 client["project"], client["publishing"])  # fmt: skip
            for data in document["accounts"]:
                _restore(world.add_account(data["email"], data["name"]), data, archive)
            for token in document["tokens"]:
                world.identity.restore(token)
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a sandbox state file: {error}") from None


def _restore(account: Account, data: Json, archive: zipfile.ZipFile) -> None:
    account.sub = data["sub"]
    account.send_as = [SendAs(*row) for row in data["send_as"]]
    for row in data["labels"]:
        account.labels.restore(*row)
    for message_id, thread_id, digest, labels, date in data["messages"]:
        account.restore(message_id, thread_id, archive.read(f"raw/{digest}"), labels, date)
    account.drafts = dict(data["drafts"])
    account.draft_of = {message_id: draft_id for draft_id, message_id in account.drafts.items()}
    account.log.start_at(data["position"], account.clock.now())
