"""All faces behind one port."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from .control import Control
from .faces.exchange import Incoming
from .faces.gmail import problems
from .faces.gmail.call import Services
from .faces.gmail.routes import GmailFace
from .faces.oauth.routes import OAuthFace
from .faces.pubsub.routes import PubSubFace
from .faults import FaultPlan
from .keys import KeyRing
from .quota import QuotaLedger
from .world import World


class Application:
    """Gives each request to the face that owns its address."""

    def __init__(self, world: World, faults: FaultPlan, quota: QuotaLedger) -> None:
        self.base_url = ""
        self.keys = KeyRing(world.clock)
        self.control = Control(world, faults, quota, self.keys)
        self._faces = (
            GmailFace(Services(world, faults, quota)),
            OAuthFace(world, faults, self.keys),
            PubSubFace(world, faults),
            self.control,
        )

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        incoming = Incoming.from_request(request)
        for face in self._faces:
            if face.accepts(incoming.path):
                return face.handle(incoming).response()
        return problems.html_page(404, "Not Found").response()
