"""The batch endpoint's bodies, as the provider's guide prints them."""

from __future__ import annotations

import json

import pytest

from mailbox_core.errors import Unavailable
from mailbox_core.net.http import Response
from mailbox_core.providers.gmail.batch import Call, decode, encode, segment

TYPE = "multipart/mixed; boundary=batch_foobarbaz"


def part(name: str, status: str, body: str) -> bytes:
    return (
        f"--batch_foobarbaz\r\nContent-Type: application/http\r\nContent-ID: <response-{name}>\r\n"
        f"\r\nHTTP/1.1 {status}\r\nContent-Type: application/json; charset=UTF-8\r\n"
        f"Retry-After: 3\r\n\r\n{body}\r\n"
    ).encode()


def answers(*parts: bytes, end: bytes = b"--batch_foobarbaz--\r\n", kind: str = TYPE) -> Response:
    return Response(200, {"Content-Type": kind}, b"".join(parts) + end)


def test_request_parts_are_whole_requests() -> None:
    kind, body = encode(
        [
            Call("messages/a%2Fb", (("format", "raw"), ("fields", "id,raw"))),
            Call("messages/c/modify", (), {"addLabelIds": ["Ü"]}, "POST"),
        ],
        "/gmail/v1/users/me/",
    )
    assert kind == "multipart/mixed; boundary=mailbox_core_batch"
    text = body.decode("ascii")
    assert text.count("--mailbox_core_batch\r\n") == 2
    assert text.endswith("--mailbox_core_batch--\r\n")
    first, second = text.split("--mailbox_core_batch")[1:3]
    assert "Content-ID: <call-0>\r\n\r\nGET /gmail/v1/users/me/messages/a%2Fb?" in first
    assert "?format=raw&fields=id%2Craw HTTP/1.1\r\n" in first
    assert "POST /gmail/v1/users/me/messages/c/modify HTTP/1.1\r\n" in second
    head, _, content = second.rstrip("\r\n").rpartition("\r\n\r\n")
    assert json.loads(content) == {"addLabelIds": ["Ü"]}
    assert f"Content-Length: {len(content)}" in head


def test_an_id_cannot_leave_its_place() -> None:
    assert segment("../x?a=b#c") == "..%2Fx%3Fa%3Db%23c"
    assert segment("a\r\nHost: evil") == "a%0D%0AHost%3A%20evil"


def test_b38_b39_answers_are_matched_by_id_in_any_order() -> None:
    found = decode(
        answers(part("call-1", "404 Not Found", '{"b":1}'), part("call-0", "200 OK", '{"a":1}')), 2
    )
    assert [one.status if one else None for one in found] == [200, 404]
    assert found[0] is not None
    assert found[0].json() == {"a": 1}
    assert found[0].headers["retry-after"] == "3"


def test_quoted_boundary_bare_line_feeds_and_a_preamble() -> None:
    data = b"preamble\n" + part("call-0", "200 OK", '{"a":\n 1}').replace(b"\r\n", b"\n")
    found = decode(answers(data, kind='multipart/mixed; boundary="batch_foobarbaz"'), 1)
    assert found[0] is not None
    assert found[0].json() == {"a": 1}


def test_missing_and_foreign_parts_are_no_answer() -> None:
    found = decode(
        answers(
            part("call-7", "200 OK", "{}"),
            part("other", "200 OK", "{}"),
            part("call-0", "nonsense", "{}"),
        ),
        2,
    )
    assert found == [None, None]


def test_b45_a_cut_answer_keeps_what_came_whole() -> None:
    found = decode(
        answers(part("call-0", "200 OK", '{"a":1}'), part("call-1", "200 OK", '{"b'), end=b""), 3
    )
    assert found[0] is not None
    assert found[0].json() == {"a": 1}
    assert found[1] is not None
    with pytest.raises(Unavailable):
        found[1].json()
    assert found[2] is None


def test_an_answer_without_parts_is_passing_trouble() -> None:
    with pytest.raises(Unavailable):
        decode(Response(200, {"Content-Type": "text/html"}, b"<html>"), 1)


def test_the_parts_have_the_date_of_the_whole_answer() -> None:
    plain = answers(part("call-0", "403 Forbidden", "{}"))
    moment = "Sun, 22 Nov 2026 09:00:00 GMT"
    whole = Response(200, {**plain.headers, "Date": moment}, plain.body)
    dates = [
        [found.headers.get("Date") for found in decode(answer, 1) if found]
        for answer in (plain, whole)
    ]
    assert dates == [[None], [moment]]
