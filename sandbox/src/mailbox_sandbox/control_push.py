"""The part of the control API that deals with push: topics, subscriptions, notifications."""

from __future__ import annotations

from typing import Any

from .broker import CONSUMER_ROLES, Oidc, PushConfig, Subscription
from .control_mail import vars_of
from .world import World

Json = dict[str, Any]


class PushControl:
    """What a person or a test may see and do about Pub/Sub."""

    def __init__(self, world: World) -> None:
        self._world = world

    def overview(self, data: Json) -> Json:
        """Show watches, topics and subscriptions with how their deliveries go."""
        broker, notices = self._world.broker, self._world.notices
        with broker.changed:
            topics = [{"name": topic.name, "policy": topic.policy, "published": topic.published}
                      for topic in broker.topics.values()]  # fmt: skip
            lines = [self._line(one) for one in broker.subscriptions.values()]
        return {
            "published": notices.published, "dropped": notices.dropped, "topics": topics,
            "subscriptions": lines,
            "watches": [{"account": account.email, **vars_of(watch)}
                        for account in list(self._world.accounts.values())
                        for watch in list(account.watches.values())],
        }  # fmt: skip

    def _line(self, one: Subscription) -> Json:
        return {
            "name": one.name, "topic": one.topic, "backlog": len(one.backlog), "acked": one.acked,
            "refused": one.refused, "backoff": one.backoff, "last_answer": one.last_answer,
            "endpoint": one.push.endpoint if one.push else "",
            "signer": one.push.oidc.email if one.push and one.push.oidc else "",
        }  # fmt: skip

    def topic(self, data: Json) -> Json:
        """Create a topic Gmail may publish to (``name``), or delete it (``remove``)."""
        if "remove" in data:
            self._world.broker.delete_topic(data["remove"])
            return {}
        return {"name": self._world.broker.open_topic(data["name"]).name}

    def subscription(self, data: Json) -> Json:
        """Create or replace a subscription: ``name``, ``topic``; with ``endpoint``, ``signer`` and
        ``audience`` it pushes. ``remove`` deletes one."""
        broker = self._world.broker
        name = data.get("remove") or data["name"]
        if name in broker.subscriptions:
            broker.delete_subscription(name)
        if "remove" in data:
            return {}
        topic = broker.open_topic(data["topic"])
        push = None
        if data.get("endpoint"):
            oidc = Oidc(data["signer"], data.get("audience", "")) if data.get("signer") else None
            push = PushConfig(data["endpoint"], oidc, bool(data.get("unwrapped")))
        ack_deadline = int(data.get("ack_deadline", 10))
        return self._line(
            broker.create_subscription(name, topic.name, push=push, ack_deadline=ack_deadline)
        )

    def service_account(self, data: Json) -> Json:
        """Make a service account ``name`` in ``project`` that may pull from ``subscription``, and a
        key for it: the answer's ``key`` is the key file. ``disabled`` switches one off."""
        project = data.get("project", "demo-project")
        account = self._world.service_accounts.create(data["name"], project)
        account.disabled = bool(data.get("disabled"))
        if data.get("subscription"):
            found = self._world.broker.subscription(data["subscription"])
            members = found.policy.setdefault(CONSUMER_ROLES[0], [])
            if account.member not in members:
                members.append(account.member)
        uri = "https://oauth2.googleapis.com/token"
        key = {} if account.disabled else self._world.service_accounts.new_key(account, uri)
        return {"email": account.email, "key": key}

    def notify(self, data: Json) -> Json:
        """Publish a notification by hand: ``account`` (known or not), ``topic``, ``history_id``."""
        self._world.notices.announce(data["account"], data["topic"], int(data.get("history_id", 1)))
        return {}
