"""Pub/Sub's refusals: the newer envelope without ``errors[]``."""

from __future__ import annotations

from ..exchange import Outgoing

STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    409: "ALREADY_EXISTS", 500: "INTERNAL", 501: "UNIMPLEMENTED", 503: "UNAVAILABLE",
}  # fmt: skip


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def outgoing(self) -> Outgoing:
        """Render the envelope."""
        error = {"code": self.code, "message": self.message, "status": STATUS[self.code]}
        answer = Outgoing.json({"error": error}, self.code, pretty=True)
        if self.code == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
        return answer


def unauthenticated() -> Refusal:
    """401: no token, or one that is no longer good."""
    return Refusal(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential.",
    )


def denied() -> Refusal:
    """403: the token lacks the scope."""
    return Refusal(403, "Request had insufficient authentication scopes.")


def bad(message: str) -> Refusal:
    """400."""
    return Refusal(400, message)


def left_out(what: str) -> Refusal:
    """501: Google has it, the sandbox does not (FIDELITY.md)."""
    return Refusal(501, f"{what} is not part of the sandbox")
