"""The way of a call: route, token, trouble, quota, scope, strict reading, handler, answer."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from ... import trouble as wire_trouble
from ...account import Account
from ...errors import Conflict, Invalid, NotFound
from ...faults import ANSWERS, WIRE, Fault
from ...identity import AccessToken
from ..exchange import Incoming, Outgoing
from . import change, compose, mail, organise, partial, problems, upload
from . import trouble as gmail_trouble
from .call import Call, Services, read_body, read_params
from .render import dumps
from .spec import METHODS, Method

Handler = Callable[[Call], Any]
HANDLERS: dict[str, Handler] = {
    "getProfile": mail.get_profile,
    "watch": organise.watch,
    "stop": organise.stop,
    "history.list": mail.list_history,
    "messages.list": mail.list_messages,
    "messages.get": mail.get_message,
    "messages.attachments.get": mail.get_attachment,
    "messages.modify": change.modify,
    "messages.batchModify": change.batch_modify,
    "messages.batchDelete": change.batch_delete,
    "messages.trash": change.trash,
    "messages.untrash": change.untrash,
    "messages.delete": change.delete,
    "messages.send": compose.send,
    "messages.insert": compose.insert,
    "messages.import": compose.import_,
    "threads.list": mail.list_threads,
    "threads.get": mail.get_thread,
    "threads.modify": change.modify_thread,
    "threads.trash": change.trash_thread,
    "threads.untrash": change.untrash_thread,
    "threads.delete": change.delete_thread,
    "labels.list": organise.list_labels,
    "labels.get": organise.get_label,
    "labels.create": organise.create_label,
    "labels.update": organise.change_label,
    "labels.patch": organise.change_label,
    "labels.delete": organise.delete_label,
    "drafts.list": compose.list_drafts,
    "drafts.get": compose.get_draft,
    "drafts.create": compose.create_draft,
    "drafts.update": compose.update_draft,
    "drafts.send": compose.send_draft,
    "drafts.delete": compose.delete_draft,
    "settings.sendAs.list": organise.list_send_as,
    "settings.sendAs.get": organise.get_send_as,
    "settings.sendAs.update": organise.change_send_as,
    "settings.sendAs.patch": organise.change_send_as,
    "settings.sendAs.create": organise.service_account_only,
    "settings.sendAs.delete": organise.service_account_only,
    "settings.sendAs.verify": organise.service_account_only,
}
_PREFIX = "/gmail/v1/users/<user_id>/"
_UPLOADS = ("/upload", "/resumable/upload")
#: These touch the recipients' mailboxes too: holding the sender's lock meanwhile could deadlock.
_SENDING = frozenset({"messages.send", "drafts.send"})
#: Gzip pays off above this size in bytes.
GZIP_FROM = 200


def _routes() -> dict[str, tuple[Method, str]]:
    """Every way to call a method, by a name that a routing rule can carry: the method and the
    prefix of its path."""
    return {
        f"{prefix}:{number}": (method, prefix)
        for number, method in enumerate(METHODS)
        for prefix in ("", *(_UPLOADS if method.upload else ()))
    }


def _rule(name: str, method: Method, prefix: str) -> Rule:
    verbs = [method.verb, "PUT"] if prefix else [method.verb]
    return Rule(prefix + _PREFIX + method.path, methods=verbs, endpoint=name)


class Dispatcher:
    """Carries out calls, whether they come alone or inside a batch."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.penalties = gmail_trouble.Penalties(services.world.clock)
        self.uploads = upload.Sessions(services.world.clock)
        self._routes = _routes()
        rules = [_rule(name, *route) for name, route in self._routes.items()]
        self._adapter = Map(rules, strict_slashes=False, merge_slashes=False).bind("sandbox")

    def handle(self, incoming: Incoming, *, inner: bool = False) -> Outgoing:
        """Answer one call; in a batch (*inner*) faults of the wire do not apply."""
        try:
            name, found = self._adapter.match(incoming.path, incoming.method)
        except HTTPException:
            return problems.html_page(404, "Not Found")
        method, prefix = self._routes[name]
        path = {key: str(value) for key, value in found.items()}
        try:
            token = self._authenticate(incoming)
            answer = self._troubled(method, path, token, incoming, prefix, inner)
        except problems.ApiError as error:
            answer = error.outgoing()
        return answer if inner else compress(answer, incoming)

    def _authenticate(self, incoming: Incoming) -> AccessToken:
        kind, _, value = incoming.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            value = incoming.first("access_token") or incoming.first("oauth_token")
        token = self.services.world.identity.live_access(value.strip())
        if token is None or token.account not in self.services.world.accounts:
            raise problems.unauthorized()
        return token

    def _troubled(
        self, method: Method, path: dict[str, str], token: AccessToken, incoming: Incoming,
        prefix: str, inner: bool,
    ) -> Outgoing:  # fmt: skip
        among = ANSWERS - {"page_token_expired", "batch_part_fail"} | (set() if inner else WIRE)
        fault = self.services.faults.take("gmail", method.name, token.account, among)
        if fault is None and inner:
            fault = self.services.faults.take("gmail", "batch", token.account, {"batch_part_fail"})
        if fault is None:
            return self._run(method, path, token, incoming, prefix)
        early = self._struck(fault, token)
        if early is not None:
            return early
        try:
            answer = self._run(method, path, token, incoming, prefix)
        except problems.ApiError as error:
            answer = error.outgoing()
        return wire_trouble.after(fault, answer)

    def _struck(self, fault: Fault, token: AccessToken) -> Outgoing | None:
        if fault.fault in WIRE:
            return wire_trouble.before(fault)
        if fault.fault == "unauthorized_401":
            self.services.world.identity.access_tokens.pop(token.token, None)
        clock, project = self.services.world.clock, token.client.project
        return gmail_trouble.answer(fault, clock, self.penalties, project, token.account)

    def _run(
        self, method: Method, path: dict[str, str], token: AccessToken, incoming: Incoming,
        prefix: str,
    ) -> Outgoing:  # fmt: skip
        account = self._account(path.pop("user_id"), token)
        project = token.client.project
        self.penalties.check(project, account.email)
        session = incoming.first("upload_id")
        if not session:
            self._pay(method.name, project, account.email)
        if not token.scopes & set(method.scopes):
            raise problems.insufficient_scope(method.name, list(method.scopes))
        params = read_params(method, incoming.without("upload_id") if prefix else incoming)
        call = Call(self.services, account, token, method, path, params)
        if prefix:
            ready = self.uploads.receive(call, incoming, prefix)
            if isinstance(ready, Outgoing):
                return ready
        else:
            call.body = read_body(method, incoming)
        return self._finish(call, incoming)

    def _account(self, user_id: str, token: AccessToken) -> Account:
        account = self.services.world.account(token.account)
        if user_id.lower() not in ("me", account.email):
            raise problems.delegation_denied(user_id)
        if not account.enabled:
            raise problems.failed_precondition("Mail service not enabled")
        return account

    def _pay(self, method: str, project: str, user: str) -> None:
        refused = self.services.quota.charge(project, user, method)
        if refused == "user":
            raise problems.user_minute_rate()
        if refused == "project":
            raise problems.project_rate()
        if refused == "day":
            raise problems.daily_limit()

    @staticmethod
    def _carry_out(call: Call) -> Any:
        if call.method.name in _SENDING:
            return HANDLERS[call.method.name](call)
        with call.account.locked():
            return HANDLERS[call.method.name](call)

    def _finish(self, call: Call, incoming: Incoming) -> Outgoing:
        selector = incoming.first("fields")
        mask = partial.parse(selector) if selector else None
        try:
            data = self._carry_out(call)
        except NotFound:
            raise problems.not_found() from None
        except Invalid as error:
            raise problems.invalid(str(error)) from None
        except Conflict as error:
            raise problems.ApiError(409, str(error), "aborted", status="ABORTED") from None
        if data is None:
            return Outgoing(204)
        data = partial.apply(data, mask)
        if incoming.first("prettyPrint") == "true":
            return Outgoing.json(data, pretty=True)
        return Outgoing(200, dumps(data))


def compress(answer: Outgoing, incoming: Incoming) -> Outgoing:
    """Gzip the body when both Accept-Encoding and User-Agent say gzip (performance guide)."""
    wanted = "gzip" in incoming.headers.get("accept-encoding", "").lower()
    agent = "gzip" in incoming.headers.get("user-agent", "").lower()
    if (
        wanted
        and agent
        and len(answer.body) > GZIP_FROM
        and "Content-Encoding" not in answer.headers
    ):
        answer.body = gzip.compress(answer.body, 1)
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Vary"] = "Origin, X-Origin, Referer, Accept-Encoding"
    return answer
