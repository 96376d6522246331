"""The control API under ``/_sandbox/``: JSON in, JSON out, for tests, scripts and the web mail."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

from . import control_mail, control_push, importing
from .errors import Conflict, Invalid, NotFound
from .faces.exchange import HTML, Incoming, Outgoing
from .faults import NAMES, FaultPlan
from .keys import KeyRing
from .package_data import read_text
from .quota import QuotaLedger
from .scenario import SCENARIOS, load
from .world import World

Json = dict[str, Any]
_Calls = dict[tuple[str, str], Callable[[Json], Any]]
PREFIX = "/_sandbox"
#: The page shows strangers' mail: nothing but its own script may run or load.
_POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
}
_PAGES = ("/", "/_sandbox/mail", "/_sandbox", "/_sandbox/")


class Control:
    """Everything a person or a test may do to the world."""

    def __init__(self, world: World, faults: FaultPlan, quota: QuotaLedger, ring: KeyRing) -> None:
        self._world = world
        self._faults = faults
        self._quota = quota
        self._ring = ring
        self._busy = threading.Lock()
        self._mail = control_mail.MailControl(world)
        self.push = control_push.PushControl(world)
        self._calls = {**self._world_calls(), **self._trouble_calls()}

    def _world_calls(self) -> _Calls:
        return {
            ("GET", "state"): self.state,
            ("GET", "status"): self.status,
            ("GET", "accounts"): lambda data: {"accounts": self._mail.accounts()},
            ("POST", "accounts"): self._mail.add_account,
            ("POST", "accounts/remove"): self._remove_account,
            ("POST", "clients"): self._add_client,
            ("GET", "messages"): self._mail.messages,
            ("GET", "message"): self._mail.message,
            ("GET", "changes"): self._mail.changes,
            ("POST", "deliver"): self._mail.deliver,
            ("POST", "modify"): self._mail.modify,
            ("POST", "trash"): self._mail.trash,
            ("POST", "delete"): self._mail.delete,
            ("POST", "labels"): self._mail.add_label,
            ("GET", "outbox"): self._outbox,
            ("GET", "push"): self.push.overview,
            ("POST", "push/topic"): self.push.topic,
            ("POST", "push/subscription"): self.push.subscription,
            ("POST", "push/service-account"): self.push.service_account,
            ("POST", "push/notify"): self.push.notify,
        }

    def _trouble_calls(self) -> _Calls:
        return {
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._advance,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("POST", "faults/clear"): self._clear_faults,
            ("GET", "quota"): self._usage,
            ("POST", "quota"): self._set_quota,
            ("POST", "settings"): self._settings,
            ("POST", "scenario"): self._scenario,
            ("POST", "import"): self._import,
            ("POST", "grant/revoke"): self._revoke,
            ("POST", "history/expire"): self._expire,
            ("POST", "keys/rotate"): lambda data: {"kid": self._ring.rotate()},
        }

    def accepts(self, path: str) -> bool:
        """Tell whether an address belongs to the control API or its page."""
        return path in _PAGES or path.startswith(PREFIX + "/")

    def calls(self) -> list[tuple[str, str]]:
        """List the calls as (verb, name below ``/_sandbox/``)."""
        return list(self._calls)

    def handle(self, incoming: Incoming) -> Outgoing:
        """Answer one HTTP exchange. Writing needs a JSON body, so no foreign page can do it."""
        if incoming.path in _PAGES:
            return Outgoing(200, read_text("mail.html").encode(), HTML, dict(_POLICY))
        if incoming.path == PREFIX + "/mail.js":
            return Outgoing(200, read_text("mail.js").encode(), "text/javascript; charset=UTF-8")
        call = self._calls.get((incoming.method, incoming.path.removeprefix(PREFIX + "/")))
        if call is None:
            return _error(404, f"no such call: {incoming.method} {incoming.path}")
        try:
            return Outgoing.json(call(_read(incoming)))
        except NotFound as error:
            return _error(404, f"not found: {error}")
        except Conflict as error:
            return _error(409, str(error))
        except (Invalid, ValueError, TypeError) as error:
            return _error(400, str(error))
        except KeyError as error:
            return _error(400, f"missing field {error}")

    def state(self, data: Json) -> Json:
        """Describe the world in short."""
        identity = self._world.identity
        return {
            "now": self._world.clock.now(),
            "seed": self._world.seed,
            "quota": self._quota.profile.name,
            "accounts": self._mail.accounts(),
            "clients": [
                {"id": c.id, "project": c.project, "publishing": c.publishing,
                 "redirect_uris": c.redirect_uris}
                for c in identity.clients.values()
            ],
            "scenarios": list(SCENARIOS),
            "faults": self._faults.list(),
            "fault_names": sorted(NAMES),
            "settings": vars(self._world.settings),
        }  # fmt: skip

    def status(self, data: Json) -> Json:
        """Tell in one small answer that the server is up and how full its mailboxes are."""
        return {
            "ok": True,
            "now": self._world.clock.now(),
            "quota": self._quota.profile.name,
            "accounts": {a.email: len(a.messages) for a in list(self._world.accounts.values())},
            "faults": len(self._faults.list()),
        }

    def _remove_account(self, data: Json) -> Json:
        self._world.remove_account(data["account"])
        return {}

    def _add_client(self, data: Json) -> Json:
        client = self._world.add_client(
            data["id"], data["secret"], data.get("redirect_uris", []),
            data.get("project", "demo-project"), data.get("publishing", "production"),
        )  # fmt: skip
        return {"id": client.id, "project": client.project}

    def _clock(self, data: Json) -> Json:
        return {"now": self._world.clock.now()}

    def _advance(self, data: Json) -> Json:
        return {"now": self._world.clock.advance(float(data["advance"]))}

    def _list_faults(self, data: Json) -> Json:
        return {"faults": self._faults.list(), "names": sorted(NAMES)}

    def _add_fault(self, data: Json) -> Json:
        known = ("face", "call", "fault", "times", "skip", "account", "probability")
        given = {key: data[key] for key in known if key in data}
        return {"id": self._faults.add(**given, **data.get("args", {}))}

    def _clear_faults(self, data: Json) -> Json:
        if "id" in data:
            return {"removed": self._faults.remove(int(data["id"]))}
        self._faults.clear()
        return {"removed": True}

    def _usage(self, data: Json) -> Json:
        return self._quota.usage(data.get("project"), data.get("user"))

    def _set_quota(self, data: Json) -> Json:
        if "profile" in data:
            self._quota.use(data["profile"])
        if data.get("reset"):
            self._quota.reset()
        return self._quota.usage()

    def _settings(self, data: Json) -> Json:
        self._world.settings.update(data)
        return dict(vars(self._world.settings))

    def _scenario(self, data: Json) -> Json:
        account = self._world.account(data["account"])
        with self._busy:
            return load(data["name"], self._world, account, data.get("messages"))

    def _import(self, data: Json) -> Json:
        account = self._world.account(data["account"])
        with self._busy:
            return importing.load(account, data["path"]).summary()

    def _revoke(self, data: Json) -> Json:
        identity = self._world.identity
        account = self._world.account(data["account"])
        if data.get("reason") == "password":
            return {"dead": identity.password_changed(account.email)}
        identity.revoke_grant(account.email, data.get("project", "demo-project"))
        return {}

    def _expire(self, data: Json) -> Json:
        account = self._world.account(data["account"])
        with account.locked():
            account.log.expire(self._world.clock.now())
        return {"floor": str(account.log.floor)}

    def _outbox(self, data: Json) -> Json:
        return {
            "sent": [
                {"at": sent.at, "sender": sent.sender, "recipients": list(sent.recipients),
                 "message_id": sent.message_id, "raw": base64.b64encode(sent.raw).decode()}
                for sent in list(self._world.outbox)
            ]
        }  # fmt: skip


def _read(incoming: Incoming) -> Json:
    if incoming.method == "GET":
        return dict(incoming.query)
    kind = incoming.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise ValueError("send application/json")
    data = json.loads(incoming.body or b"{}")
    if not isinstance(data, dict):
        raise ValueError("send a JSON object")
    return data


def _error(code: int, text: str) -> Outgoing:
    return Outgoing.json({"error": text}, code)
