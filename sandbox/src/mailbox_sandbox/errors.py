"""What the world refuses; the faces turn these into the provider's own answers."""

from __future__ import annotations


class WorldError(Exception):
    """Base of all refusals; the text is for a person."""


class NotFound(WorldError):
    """No such account, message, label, draft or client."""


class Invalid(WorldError):
    """The request makes no sense: unknown label, bad name, wrong thread."""


class Conflict(WorldError):
    """A label of this name exists already."""
