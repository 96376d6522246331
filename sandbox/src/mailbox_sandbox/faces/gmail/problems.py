"""Gmail's error answers, word for word as far as they are known (FIDELITY.md names the sources)."""

from __future__ import annotations

import json
from typing import Any

from ..exchange import HTML, Outgoing

STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED", 409: "ALREADY_EXISTS", 413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 501: "UNIMPLEMENTED", 503: "UNAVAILABLE",
}  # fmt: skip


class ApiError(Exception):
    """An answer with Google's error envelope."""

    def __init__(
        self,
        code: int,
        message: str,
        reason: str,
        domain: str = "global",
        *,
        status: str = "",
        location: tuple[str, str] | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.domain = domain
        self.status = status or STATUS.get(code, "UNKNOWN")
        self.location = location
        self.details = details or []
        self.headers = headers or {}

    def outgoing(self) -> Outgoing:
        """Render the classic envelope (errors[] and status together)."""
        line: dict[str, str] = {
            "message": self.message, "domain": self.domain, "reason": self.reason
        }  # fmt: skip
        if self.location:
            line["location"], line["locationType"] = self.location
        error: dict[str, Any] = {
            "code": self.code, "message": self.message, "errors": [line], "status": self.status
        }  # fmt: skip
        if self.details:
            error["details"] = self.details
        body = json.dumps({"error": error}, indent=2).encode()
        return Outgoing(self.code, body, headers=dict(self.headers))


def invalid(message: str) -> ApiError:
    """400 for a request that makes no sense."""
    return ApiError(400, message, "invalidArgument")


def bad_request(message: str) -> ApiError:
    """400 for a request that cannot be read."""
    return ApiError(400, message, "badRequest")


def unknown_query_parameter(name: str) -> ApiError:
    """400 as the API front end words it."""
    return bad_request(
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


def unknown_field(name: str) -> ApiError:
    """400 for a body field that the method does not know."""
    return bad_request(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')


def not_found() -> ApiError:
    """404: gone, never there, or history too old."""
    return ApiError(404, "Requested entity was not found.", "notFound")


def unauthorized() -> ApiError:
    """401: no token, or one that is no longer good."""
    return ApiError(
        401, "Invalid Credentials", "authError", location=("Authorization", "header"),
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", '
                                     'error="invalid_token"'},
    )  # fmt: skip


def insufficient_scope(method: str, scopes: list[str]) -> ApiError:
    """403: the token lacks every scope that would do."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "gmail.googleapis.com", "method": f"caribou.api.proto.{method}"},
    }
    challenge = 'Bearer realm="https://accounts.google.com/", error="insufficient_scope", '
    return ApiError(
        403, "Request had insufficient authentication scopes.", "insufficientPermissions",
        details=[info],
        headers={"WWW-Authenticate": challenge + f'scope="{" ".join(scopes)}"'},
    )  # fmt: skip


def delegation_denied(email: str) -> ApiError:
    """403: userId is somebody else."""
    return ApiError(403, f"Delegation denied for {email}", "forbidden")


def user_rate() -> ApiError:
    """403 of the first shape."""
    return ApiError(403, "User Rate Limit Exceeded", "userRateLimitExceeded", "usageLimits")


def project_rate() -> ApiError:
    """403 naming quota metric and limit."""
    return ApiError(
        403,
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service "
        "'gmail.googleapis.com' for consumer 'project_number:764086051850'.",
        "rateLimitExceeded", "usageLimits",
    )  # fmt: skip


def user_minute_rate() -> ApiError:
    """403 naming quota metric and the limit per user."""
    return ApiError(
        403,
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of "
        "service 'gmail.googleapis.com' for consumer 'project_number:764086051850'.",
        "rateLimitExceeded", "usageLimits",
    )  # fmt: skip


def exhausted(headers: dict[str, str] | None = None) -> ApiError:
    """429 of the plain shape, with Retry-After only if given."""
    return ApiError(
        429, "Resource has been exhausted (e.g. check quota).", "rateLimitExceeded", "global",
        headers=headers,
    )  # fmt: skip


def too_concurrent() -> ApiError:
    """429: too many calls of one user at once."""
    return ApiError(429, "Too many concurrent requests for user", "rateLimitExceeded")


def retry_after_text(when: str) -> ApiError:
    """429 that tells the time in its text only (two spaces, as on the wire)."""
    return ApiError(
        429, f"User-rate limit exceeded.  Retry after {when}", "rateLimitExceeded", "usageLimits"
    )


def daily_limit() -> ApiError:
    """403 until the next day."""
    return ApiError(403, "Daily Limit Exceeded", "dailyLimitExceeded", "usageLimits")


def domain_policy() -> ApiError:
    """403: the administrator says no."""
    return ApiError(403, "The domain administrators have disabled Gmail apps.", "domainPolicy")


def failed_precondition(message: str = "Precondition check failed.") -> ApiError:
    """400: the account has no Gmail."""
    return ApiError(400, message, "failedPrecondition", status="FAILED_PRECONDITION")


def service_disabled() -> ApiError:
    """403: the API is not switched on in the project."""
    text = (
        "Gmail API has not been used in project 764086051850 before or it is disabled. Enable it "
        "by visiting https://console.developers.google.com/apis/api/gmail.googleapis.com/overview"
        "?project=764086051850 then retry."
    )
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": "gmail.googleapis.com", "consumer": "projects/764086051850"},
    }
    return ApiError(403, text, "accessNotConfigured", "usageLimits", details=[info])


def backend(code: int = 500) -> ApiError:
    """5xx with a JSON body."""
    text = {500: "Backend Error", 503: "The service is currently unavailable."}
    return ApiError(code, text.get(code, "Backend Error"), "backendError")


def html_page(code: int, title: str) -> Outgoing:
    """The page that Google's front end sends when it does not get as far as the API."""
    body = (
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
        f"  <title>Error {code} ({title})!!1</title>\n"
        f"  <p><b>{code}.</b> <ins>That’s an error.</ins>\n"
        "  <p>The server encountered a temporary error and could not complete your request."
        "<p>Please try again in 30 seconds.  <ins>That’s all we know.</ins>\n</html>\n"
    )
    return Outgoing(code, body.encode(), HTML)
