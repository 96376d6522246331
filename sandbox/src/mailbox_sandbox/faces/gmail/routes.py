"""The Gmail face: which addresses it answers, and the limits around a whole HTTP exchange."""

from __future__ import annotations

import random

from ... import trouble as wire_trouble
from ...faults import ANSWERS, WIRE
from ..exchange import Incoming, Outgoing
from . import batch, problems
from . import trouble as gmail_trouble
from .call import Services
from .dispatch import Dispatcher, compress

PREFIXES = ("/gmail/v1/", "/upload/gmail/v1/", "/resumable/upload/gmail/v1/")
BATCH = ("/batch", "/batch/gmail/v1")


class GmailFace:
    """Answers HTTP requests for the Gmail API."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._dispatcher = Dispatcher(services)
        self._rng = random.Random(services.world.seed)

    def accepts(self, path: str) -> bool:
        """Tell whether an address belongs to this face."""
        return path.startswith(PREFIXES) or path.rstrip("/") in BATCH

    def handle(self, incoming: Incoming) -> Outgoing:
        """Answer one HTTP exchange within the user's limit of parallel calls."""
        project, user = self._caller(incoming)
        limit = self._services.world.settings.concurrency
        with self._services.quota.slot(project, user, limit) as free:
            if not free:
                return problems.too_concurrent().outgoing()
            if incoming.path.rstrip("/") in BATCH:
                return self._batch(incoming, project, user)
            return self._dispatcher.handle(incoming)

    def _caller(self, incoming: Incoming) -> tuple[str, str]:
        value = incoming.headers.get("authorization", "").partition(" ")[2].strip()
        token = self._services.world.identity.access_tokens.get(value)
        return (token.client.project, token.account) if token else ("", "")

    def _batch(self, incoming: Incoming, project: str, user: str) -> Outgoing:
        if incoming.method != "POST":
            return problems.html_page(404, "Not Found")
        among = WIRE | ANSWERS - {"batch_part_fail", "page_token_expired"}
        fault = self._services.faults.take("gmail", "batch", user or None, among)
        if fault is not None:
            early = wire_trouble.before(fault)
            if early is None and fault.fault not in WIRE:
                clock, penalties = self._services.world.clock, self._dispatcher.penalties
                early = gmail_trouble.answer(fault, clock, penalties, project, user)
            if early is not None:
                return early
        try:
            answer = compress(batch.handle(self._dispatcher, incoming, self._rng), incoming)
        except problems.ApiError as error:
            answer = error.outgoing()
        return answer if fault is None else wire_trouble.after(fault, answer)
