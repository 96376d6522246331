"""Hints at a record: nobody else can sign one, and reading them never fails."""

from hypothesis import given
from hypothesis import strategies as st

from mailbox_core.rules import clues

KEYS = st.binary(min_size=16, max_size=32)
NUMBERS = st.integers(min_value=0, max_value=2**53)
LOCALS = st.from_regex(r"[a-z][a-z0-9.]{0,15}", fullmatch=True)
SIGNATURE_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"


@given(LOCALS, NUMBERS, KEYS)
def test_what_was_signed_is_read_in_any_case(local: str, number: int, key: bytes) -> None:
    base = f"{local}@example.com"
    signed = clues.sign_address(base, number, key)
    assert len(signed.rpartition("@")[0]) <= 64
    for form in (signed, signed.upper(), f" {signed} "):
        assert clues.read_address(form, key) == clues.ReplyAddress(base, number, True)


@given(LOCALS, NUMBERS, KEYS, KEYS, NUMBERS)
def test_nobody_else_signs(local: str, number: int, key: bytes, other: bytes, guess: int) -> None:
    base = f"{local}@example.com"
    signed = clues.sign_address(base, number, key)
    tag = signed.rpartition("@")[0].removeprefix(local)
    moved = clues.read_address(f"other{tag}@example.com", key)
    assert moved is not None
    assert moved.genuine is (local == "other")
    if other != key:
        found = clues.read_address(signed, other)
        assert found is not None
        assert not found.genuine
    if guess != number:
        swapped = clues.sign_address(base, guess, other + b"x").rpartition("-")[0]
        found = clues.read_address(f"{swapped}-{tag.rpartition('-')[2]}@example.com", key)
        assert found is not None
        assert not found.genuine


@given(LOCALS, NUMBERS, KEYS, st.integers(0, 25), st.sampled_from(SIGNATURE_CHARACTERS))
def test_one_changed_letter_is_a_forgery(
    local: str, number: int, key: bytes, place: int, letter: str
) -> None:
    head, _, domain = clues.sign_address(f"{local}@example.com", number, key).rpartition("@")
    start = len(head) - 26 + place
    changed = head[:start] + letter + head[start + 1 :]
    found = clues.read_address(f"{changed}@{domain}", key)
    assert found is not None
    # The last letter carries three bits only; what it pads is not compared as bits but as text.
    assert found.genuine is (changed == head)


def test_an_address_without_room_is_left_alone() -> None:
    long = "a" * 60 + "@example.com"
    assert clues.sign_address(long, 7, b"key") == long
    assert clues.sign_address("nobody", 7, b"key") == "nobody"


@given(st.text(max_size=300), KEYS)
def test_reading_never_fails(text: str, key: bytes) -> None:
    found = clues.read_address(text, key)
    assert found is None or not found.genuine
    assert len(clues.subject_references(text)) <= 5
    assert isinstance(clues.is_reply(text), bool)
    words = clues.quoted_words(text)
    assert not words or 8 <= len(words) <= 16
    assert isinstance(clues.contains_words(text, words), bool)


def test_references_stand_in_brackets_and_end_with_a_figure() -> None:
    subject = "Re: [SO0042] and [INV/2026/0007], [URGENT], [2], [SO0042]"
    assert clues.subject_references(subject) == ("SO0042", "INV/2026/0007")


@given(st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=12, max_size=40))
def test_an_answer_quotes_what_it_answers(words: list[str]) -> None:
    lines = [" ".join(words[at : at + 6]) for at in range(0, len(words), 6)]
    original = "\n".join(lines)
    answer = "Yes, we do.\n\nOn 3 March 2026 Ada <ada@example.org> wrote:\n" + "\n".join(
        f"> {line}" for line in lines
    )
    found = clues.quoted_words(answer)
    assert found == tuple(words[:16])
    assert clues.contains_words(f"Dear Bob,\n{original}\nBye", found)
    assert not clues.contains_words("Something else entirely", found)
