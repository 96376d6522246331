"""An honest little mail provider on loopback: Google OAuth and the Gmail API."""

from .account import Account
from .clock import Clock
from .message import Message
from .sandbox import Sandbox
from .world import World

__all__ = ["Account", "Clock", "Message", "Sandbox", "World"]
__version__ = "0.1.0"
