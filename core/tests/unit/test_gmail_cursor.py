"""Cursors and resume places: opaque, versioned, never going back."""

from __future__ import annotations

import json

import pytest

from mailbox_core.errors import CursorExpired
from mailbox_core.providers.gmail.cursor import Live, Place, decode_live, decode_place


@pytest.mark.parametrize("live", [Live("1"), Live("18446744073709551615"), Live("7", "tok")])
def test_cursor_round_trip(live: Live) -> None:
    assert decode_live(live.encode()) == live


@pytest.mark.parametrize(
    "place", [Place(), Place(0), Place(1795300459), Place(5, "tok"), Place(5, None, ("a", "b"))]
)
def test_place_round_trip(place: Place) -> None:
    assert decode_place(place.encode()) == place


def test_no_place_is_the_top() -> None:
    assert decode_place(None) == Place()


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "x", "12345", "{}", '{"v":2,"h":"1"}', '{"v":1}', '{"v":1,"h":"-1"}',
     '{"v":1,"h":"1e3"}', '{"v":1,"h":true}', '{"v":1,"h":"1","p":7}', '{"v":1,"h":"1","p":""}',
     '{"v":1,"h":"²"}', "[" * 100_000],
)  # fmt: skip
def test_a_cursor_of_somebody_else_means_enumerate_again(text: str) -> None:
    with pytest.raises(CursorExpired):
        decode_live(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"v":2}',
        '{"v":1,"k":"5"}',
        '{"v":1,"k":true}',
        '{"v":1,"s":[1]}',
        '{"v":1,"s":"ab"}',
    ],
)
def test_a_place_of_somebody_else_means_enumerate_again(text: str) -> None:
    with pytest.raises(CursorExpired):
        decode_place(text)


@pytest.mark.parametrize(
    ("stored", "newest", "after"),
    [
        ("9", "10", "10"),  # as text, 9 would be the larger
        ("9", 10, "10"),
        ("10", "9", "10"),
        ("10", "10", "10"),
        ("9007199254740993", "9007199254740994", "9007199254740994"),  # beyond a double
        ("10", None, "10"),
        ("10", "", "10"),
        ("10", True, "10"),
        ("10", "x", "10"),
    ],
)
def test_b16_history_ids_compare_as_numbers(stored: str, newest: object, after: str) -> None:
    assert Live(stored, "page").advanced(newest) == Live(after)


def test_cursors_are_small_text() -> None:
    assert json.loads(Live("12").encode()) == {"v": 1, "h": "12"}
