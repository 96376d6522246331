"""The Pub/Sub face: ``/v1/projects/…``, its calls, and who may make them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from ... import trouble as wire_trouble
from ...broker import DEFAULT_ACK, DEFAULT_RETENTION, check_ack
from ...errors import Conflict, Invalid, NotFound
from ...faults import ANSWERS, WIRE, Fault, FaultPlan
from ...identity import PREFIX
from ...world import World
from ..exchange import Incoming, Outgoing
from . import problems, render
from .render import Json

SCOPES = frozenset({PREFIX + "pubsub", PREFIX + "cloud-platform"})
_PATH = re.compile(
    r"^/v1/(projects/[^/:]+)/(topics|subscriptions)(?:/([^/:]+))?(/subscriptions)?(?::(\w+))?$"
)
#: Longest wait of a pull that finds nothing, in real seconds; Google's is about ninety.
PULL_WAIT = 20.0
_GLANCE = 0.02
CONSUME = "pubsub.subscriptions.consume"
_CONSUMING = frozenset({"pull", "acknowledge", "modifyAckDeadline"})
_TEST = "testIamPermissions"
MAX_PULL = 1000
_LEFT_OUT = (
    "deadLetterPolicy", "enableMessageOrdering", "enableExactlyOnceDelivery", "filter",
    "bigqueryConfig", "cloudStorageConfig", "messageTransforms", "retainAckedMessages",
)  # fmt: skip
_SUBSCRIPTION = {
    "name", "topic", "pushConfig", "ackDeadlineSeconds", "messageRetentionDuration", "labels",
    "expirationPolicy", "retryPolicy", *_LEFT_OUT,
}  # fmt: skip
Handler = Callable[[str, Json], Json]


class PubSubFace:
    """Answers HTTP requests for Cloud Pub/Sub."""

    def __init__(self, world: World, faults: FaultPlan) -> None:
        self._world = world
        self._broker = world.broker
        self._faults = faults
        self._calls: dict[tuple[str, str, str], Handler] = {
            ("PUT", "topic", ""): self._create_topic,
            ("GET", "topic", ""): lambda name, body: render.topic(self._broker.topic(name)),
            ("DELETE", "topic", ""): self._delete_topic,
            ("GET", "topics", ""): self._list_topics,
            ("POST", "topic", "publish"): self._publish,
            ("GET", "topic/subscriptions", ""): self._subscriptions_of,
            ("PUT", "subscription", ""): self._create_subscription,
            ("GET", "subscription", ""): self._get_subscription,
            ("PATCH", "subscription", ""): self._patch_subscription,
            ("DELETE", "subscription", ""): self._delete_subscription,
            ("GET", "subscriptions", ""): self._list_subscriptions,
            ("POST", "subscription", "modifyPushConfig"): self._modify_push,
            ("POST", "subscription", "pull"): self._pull,
            ("POST", "subscription", "acknowledge"): self._acknowledge,
            ("POST", "subscription", "modifyAckDeadline"): self._modify_deadline,
        }
        for kind in ("topic", "subscription"):
            self._calls["GET", kind, "getIamPolicy"] = self._get_policy
            self._calls["POST", kind, "setIamPolicy"] = self._set_policy

    def accepts(self, path: str) -> bool:
        """Tell whether an address belongs to this face."""
        return path.startswith("/v1/projects/")

    def handle(self, incoming: Incoming) -> Outgoing:
        """Answer one HTTP exchange."""
        found = _PATH.match(incoming.path)
        try:
            if not found:
                raise problems.Refusal(404, "Not Found")
            fault = self._take_fault(incoming, found)
            early = wire_trouble.before(fault) if fault else None
            answer = early or Outgoing.json(self._answer(incoming, found))
        except problems.Refusal as refusal:
            return refusal.outgoing()
        return answer if fault is None else wire_trouble.after(fault, answer)

    def _answer(self, incoming: Incoming, found: re.Match[str]) -> Json:
        caller = self._authenticate(incoming)
        project, kind, name, inner, action = found.groups()
        shape = kind if name is None else kind.removesuffix("s") + (inner or "")
        handler = self._handler(incoming.method, shape, action or "", caller)
        full = project if name is None else f"{project}/{kind}/{name}"
        try:
            self._permit(caller, full, shape, action or "")
            return handler(full, _body(incoming))
        except NotFound as error:
            raise problems.Refusal(404, str(error)) from None
        except Conflict as error:
            raise problems.Refusal(409, str(error)) from None
        except Invalid as error:
            raise problems.bad(str(error)) from None

    def _handler(self, method: str, shape: str, action: str, caller: str) -> Handler:
        if (method, action) == ("POST", _TEST) and shape in ("topic", "subscription"):
            return lambda name, body: self._test(caller, name, body)
        try:
            return self._calls[method, shape, action]
        except KeyError:
            raise problems.Refusal(404, "Not Found") from None

    def _take_fault(self, incoming: Incoming, found: re.Match[str]) -> Fault | None:
        """The planned trouble of this call. Raises Refusal for those that replace the answer."""
        call = found.group(5) or incoming.method.lower()
        fault = self._faults.take("pubsub", call, None, WIRE | ANSWERS)
        if fault is not None and fault.fault in ANSWERS:
            code = {"503": 503, "unauthorized_401": 401}.get(fault.fault, 500)
            if code == 401:
                raise problems.unauthenticated()
            raise problems.Refusal(code, "The service was unable to fulfill your request.")
        return fault

    def _authenticate(self, incoming: Incoming) -> str:
        """The address of who calls. Raises Refusal."""
        kind, _, value = incoming.headers.get("authorization", "").partition(" ")
        token = self._world.identity.live_access(value.strip())
        if kind.lower() != "bearer" or token is None:
            raise problems.unauthenticated()
        if not SCOPES & token.scopes:
            raise problems.denied()
        return token.account

    def _permit(self, caller: str, name: str, shape: str, action: str) -> None:
        """A person owns the project; a service account does what a policy allows. Raises Refusal,
        NotFound."""
        account = self._world.service_accounts.find(caller)
        if account is None or action == _TEST:
            return
        if shape == "topic" and action == "publish":
            allowed = self._broker.may_publish(name, account.member)
        else:
            consuming = shape == "subscription" and action in _CONSUMING
            allowed = consuming and self._broker.may_consume(name, account.member)
        if not allowed:
            raise problems.Refusal(403, "User not authorized to perform this action.")

    # -- topics --------------------------------------------------------------------------------

    def _create_topic(self, name: str, body: Json) -> Json:
        given = render.check(body, {"name", "labels"}, "topic")
        return render.topic(self._broker.create_topic(name, given.get("labels")))

    def _delete_topic(self, name: str, body: Json) -> Json:
        self._broker.delete_topic(name)
        return {}

    def _list_topics(self, project: str, body: Json) -> Json:
        mine = [t for n, t in self._broker.topics.items() if n.startswith(project + "/")]
        return {"topics": [render.topic(one) for one in mine]} if mine else {}

    def _publish(self, name: str, body: Json) -> Json:
        given = render.check(body, {"messages"}, "publish")
        messages = [render.read_data(item) for item in render.items(given, "messages")]
        if not messages:
            raise problems.bad("The value for message_count is too small.")
        return {"messageIds": [self._broker.publish(name, *message) for message in messages]}

    def _subscriptions_of(self, name: str, body: Json) -> Json:
        topic = self._broker.topic(name).name
        mine = [one.name for one in self._broker.subscriptions.values() if one.topic == topic]
        return {"subscriptions": mine} if mine else {}

    # -- subscriptions -------------------------------------------------------------------------

    def _create_subscription(self, name: str, body: Json) -> Json:
        given = render.check(body, _SUBSCRIPTION, "subscription")
        for field in _LEFT_OUT:
            if given.get(field):
                raise problems.left_out(field)
        made = self._broker.create_subscription(
            name, render.text(given, "topic"),
            ack_deadline=render.whole(given, "ackDeadlineSeconds", DEFAULT_ACK),
            retention=render.duration(given, "messageRetentionDuration", DEFAULT_RETENTION),
            push=render.read_push(given.get("pushConfig", {})),
            retry=render.read_retry(given["retryPolicy"]) if "retryPolicy" in given else None,
            labels=given.get("labels"),
        )  # fmt: skip
        return render.subscription(made)

    def _get_subscription(self, name: str, body: Json) -> Json:
        return render.subscription(self._broker.subscription(name))

    def _patch_subscription(self, name: str, body: Json) -> Json:
        given = render.check(body, {"subscription", "updateMask"}, "update")
        wanted = render.check(given.get("subscription", {}), _SUBSCRIPTION, "subscription")
        names = [part for part in render.text(given, "updateMask").split(",") if part]
        mask = {re.sub(r"_(\w)", lambda m: m[1].upper(), part) for part in names}
        if not mask or mask - {"pushConfig", "ackDeadlineSeconds", "retryPolicy", "labels"}:
            raise problems.bad("Invalid update_mask provided in the UpdateSubscriptionRequest.")
        found = self._broker.subscription(name)
        if "pushConfig" in mask:
            self._broker.set_push(name, render.read_push(wanted.get("pushConfig", {})))
        if "ackDeadlineSeconds" in mask:
            found.ack_deadline = check_ack(render.whole(wanted, "ackDeadlineSeconds", DEFAULT_ACK))
        if "retryPolicy" in mask:
            retry = wanted.get("retryPolicy")
            found.retry = None if retry is None else render.read_retry(retry)
        if "labels" in mask:
            found.labels = dict(wanted.get("labels", {}))
        return render.subscription(found)

    def _delete_subscription(self, name: str, body: Json) -> Json:
        self._broker.delete_subscription(name)
        return {}

    def _list_subscriptions(self, project: str, body: Json) -> Json:
        mine = [s for n, s in self._broker.subscriptions.items() if n.startswith(project + "/")]
        return {"subscriptions": [render.subscription(one) for one in mine]} if mine else {}

    def _modify_push(self, name: str, body: Json) -> Json:
        given = render.check(body, {"pushConfig"}, "modify_push_config")
        self._broker.set_push(name, render.read_push(given.get("pushConfig", {})))
        return {}

    def _pull(self, name: str, body: Json) -> Json:
        """Wait for messages, unless ``returnImmediately``; an empty object when there are none."""
        given = render.check(body, {"maxMessages", "returnImmediately"}, "pull")
        limit = render.whole(given, "maxMessages", 0)
        if limit <= 0:
            raise problems.bad("The value for max_messages is too small. You passed 0 in the "
                               "request, but the minimum value is 1.")  # fmt: skip
        if self._broker.subscription(name).push is not None:
            raise problems.bad("This method is not supported for this subscription type.")
        patience = 0.0 if given.get("returnImmediately") is True else PULL_WAIT
        deadline = time.monotonic() + patience
        while True:
            subscription = self._broker.subscription(name)
            leased = self._broker.lease(subscription, min(limit, MAX_PULL))
            if leased:
                lines = [render.received(ack_id, note) for ack_id, note, _ in leased]
                return {"receivedMessages": lines}
            if time.monotonic() >= deadline:
                return {}
            with self._broker.changed:
                self._broker.changed.wait(_GLANCE)

    def _acknowledge(self, name: str, body: Json) -> Json:
        given = render.check(body, {"ackIds"}, "acknowledge")
        ids = render.strings(given, "ackIds")
        if not ids:
            raise problems.bad("No ack ids specified.")
        self._broker.acknowledge(name, ids)
        return {}

    def _modify_deadline(self, name: str, body: Json) -> Json:
        given = render.check(body, {"ackIds", "ackDeadlineSeconds"}, "modify_ack_deadline")
        seconds = render.whole(given, "ackDeadlineSeconds", 0)
        self._broker.modify_deadline(name, render.strings(given, "ackIds"), seconds)
        return {}

    # -- policies ------------------------------------------------------------------------------

    def _owner_of_policy(self, name: str) -> Any:
        is_topic = "/topics/" in name
        return self._broker.topic(name) if is_topic else self._broker.subscription(name)

    def _get_policy(self, name: str, body: Json) -> Json:
        return render.policy(self._owner_of_policy(name).policy)

    def _set_policy(self, name: str, body: Json) -> Json:
        given = render.check(body, {"policy", "updateMask"}, "set_iam_policy")
        owner = self._owner_of_policy(name)
        owner.policy = render.read_policy(given.get("policy", {}))
        return render.policy(owner.policy)

    def _test(self, caller: str, name: str, body: Json) -> Json:
        """Which of the permissions asked for are held: all by a person, who owns the project."""
        given = render.check(body, {"permissions"}, "test_iam_permissions")
        self._owner_of_policy(name)
        held = render.strings(given, "permissions")
        account = self._world.service_accounts.find(caller)
        if account is not None:
            consuming = "/topics/" not in name and self._broker.may_consume(name, account.member)
            held = [one for one in held if consuming and one == CONSUME]
        return {"permissions": held} if held else {}


def _body(incoming: Incoming) -> Json:
    if not incoming.body.strip():
        return {}
    kind = incoming.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise problems.bad(f"Unsupported content type: {kind or '(none)'}")
    try:
        data = json.loads(incoming.body)
    except ValueError as error:
        raise problems.bad(f"Invalid JSON payload received. {error}") from None
    return render.check(data, set(data) if isinstance(data, dict) else set(), "body")
