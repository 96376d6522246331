"""The face's own tables against Google's discovery document."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailbox_sandbox.faces.gmail.dispatch import HANDLERS
from mailbox_sandbox.faces.gmail.field_names import KNOWN
from mailbox_sandbox.faces.gmail.spec import BY_NAME, METHODS, Method
from mailbox_sandbox.labels import LIST_VISIBILITY, MESSAGE_VISIBILITY
from mailbox_sandbox.palette import PALETTE


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_method_is_as_published(method: Method, discovery: Any) -> None:
    published = discovery.methods[method.name]
    assert published["httpMethod"] == method.verb
    ours = [part for part in method.path.split("/") if not part.startswith("<")]
    path = published["path"].removeprefix("gmail/v1/users/{userId}/")
    assert [part for part in path.split("/") if not part.startswith("{")] == ours
    assert set(published["scopes"]) == set(method.scopes)
    query = {k: v for k, v in published["parameters"].items() if v["location"] == "query"}
    assert set(query) == {param.name for param in method.params}
    for param in method.params:
        assert tuple(query[param.name].get("enum", ())) == param.enum
        assert query[param.name].get("repeated", False) == param.repeated
        assert query[param.name]["type"] in ("string", "integer", "boolean")
    size = published.get("mediaUpload", {}).get("maxSize", "0")
    assert int(size) == method.upload
    if "request" in published:
        schema = discovery.document["schemas"][published["request"]["$ref"]]
        assert set(schema["properties"]) == set(method.body)


def test_every_method_has_a_handler() -> None:
    assert set(HANDLERS) == set(BY_NAME)


def test_label_lists_are_as_published(discovery: Any) -> None:
    schemas = discovery.document["schemas"]
    text = schemas["LabelColor"]["properties"]["backgroundColor"]["description"]
    assert set(re.findall(r"#[0-9a-f]{6}", text)) == PALETTE
    label = schemas["Label"]["properties"]
    assert set(label["messageListVisibility"]["enum"]) == set(MESSAGE_VISIBILITY)
    assert set(label["labelListVisibility"]["enum"]) == set(LIST_VISIBILITY)


def test_field_names_are_published(discovery: Any) -> None:
    every = {
        name
        for schema in discovery.document["schemas"].values()
        for name in schema.get("properties", {})
    }
    assert every >= KNOWN


def test_validator_refuses_what_is_not_published(discovery: Any) -> None:
    schema = {"$ref": "Message"}
    good = {"id": "1", "historyId": "2", "sizeEstimate": 3, "raw": "YQ=="}
    discovery.value(schema, good, "x")
    for bad in (
        {"id": 1}, {"historyId": 2}, {"sizeEstimate": "3"}, {"unknown": 1}, {"labelIds": []},
        {"raw": "a+b/"}, {"payload": {"headers": [{"name": "a", "value": None}]}},
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            discovery.value(schema, bad, "x")
