"""A ``gcloud`` for the sandbox's Cloud: what the set-up script calls, done over its control API.

Run as a program by the script under test; ``CLOUD_URL`` is the sandbox, ``CLOUD_NUMBER`` the number
of its only project. As with the real one, what does not exist cannot be described.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def control(method: str, call: str, **data: Any) -> dict[str, Any]:
    """Use the control API."""
    request = urllib.request.Request(
        f"{os.environ['CLOUD_URL']}/_sandbox/{call}",
        data=json.dumps(data).encode() if method == "POST" else None,
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def main(arguments: list[str]) -> int:
    """Carry out one command. Returns the exit code."""
    flags = dict(word[2:].partition("=")[::2] for word in arguments if word.startswith("--"))
    words = [word for word in arguments if not word.startswith("--")]
    name = f"projects/{flags.get('project')}/{words[1] if len(words) > 1 else ''}/{words[-1]}"
    verb = words[2] if len(words) > 2 else ""
    push = control("GET", "push")
    if words[:2] == ["projects", "describe"]:
        print(os.environ["CLOUD_NUMBER"])
    elif words[:2] == ["pubsub", "topics"]:
        known = [one["name"] for one in push["topics"]]
        if verb == "create":
            control("POST", "push/topic", name=name)
        elif name not in known:
            return 1
    elif words[:2] == ["pubsub", "subscriptions"]:
        known = [one["name"] for one in push["subscriptions"]]
        if verb == "describe":
            print(next((one["topic"] for one in push["subscriptions"] if one["name"] == name), ""))
            return int(name not in known)
        topic = name.replace("/subscriptions/", "/topics/").removesuffix("-odoo")
        control(
            "POST",
            "push/subscription",
            name=name,
            topic=topic,
            endpoint=flags["push-endpoint"],
            signer=flags["push-auth-service-account"],
            audience=flags["push-auth-token-audience"],
        )
    return 0


def install(folder: Path) -> Path:
    """Put a ``gcloud`` into a folder for the search path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "gcloud"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
    program.chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
