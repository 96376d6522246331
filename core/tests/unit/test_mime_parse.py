"""Reading: the cases a generator does not think of."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timezone

import pytest

from mailbox_core.mime import (
    delivery_report,
    html_to_text,
    iter_parts,
    limits,
    names,
    parse,
    part_bytes,
    placeholder,
    strip_signature,
    tnef,
    transfer,
)
from mailbox_core.mime.charset import codec_name, decode
from mailbox_core.mime.headers import decode_words, params
from mailbox_core.testing import corpus_files
from mailbox_core.types import Address


def mixed(*parts: bytes, subtype: str = "mixed") -> bytes:
    head = f'From: a@b.example\nContent-Type: multipart/{subtype}; boundary="q"\n\n'.encode()
    return head + b"".join(b"--q\n" + part + b"\n" for part in parts) + b"--q--\n"


PLAIN = b"Content-Type: text/plain; charset=utf-8\n\n"
HTML = b"Content-Type: text/html; charset=utf-8\n\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?a_b=3F?=", "a b?"),
        ("=?UTF-8*de?Q?=C3=BC?=", "ü"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        ("=?utf-8?b?w7w?=", "ü"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\tb", "a\tb"),
        ("=?gb2312?b?xOO6w6mW?=", "你好" + b"\xa9\x96".decode("gb18030")),
        ("=?x-none?q?abc?=", "abc"),
        ("=?utf-8?q?half", "=?utf-8?q?half"),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("=?utf-8?z?a?=", "=?utf-8?z?a?="),
    ],
)
def test_encoded_words(words: str, text: str) -> None:
    assert decode_words(words)[0] == text


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("attachment; filename=a.txt", "a.txt"),
        ('attachment; filename="a;b.txt"', "a;b.txt"),
        ('attachment; filename="a\\"b.txt"', 'a"b.txt'),
        ("attachment; filename*=utf-8'de'%C3%BC.txt", "ü.txt"),
        ("attachment; filename*=iso-8859-1''%FC.txt; filename=u.txt", "ü.txt"),
        ("attachment; filename*0*=utf-8''%C3; filename*1*=%BC; filename*2=.txt", "ü.txt"),
        ("attachment; filename*1=b; filename*0=a", "ab"),
        ("attachment; filename*0=a; filename*2=c", "a"),
        ('attachment; filename="=?utf-8?b?w7w=?=.txt"', "ü.txt"),
        ("attachment; filename=first; filename=second", "first"),
        ('attachment (a "comment; filename=no"); filename=yes', "yes"),
    ],
)
def test_parameters(value: str, name: str) -> None:
    head, values = params(value)
    assert (head.strip(), values["filename"]) == ("attachment", name)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("GB2312", "gb18030"),
        ("ISO-8859-1", "cp1252"),
        ('"utf8"', "utf-8"),
        ("ks_c_5601-1987", "cp949"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("unknown-8bit", None),
        ("rot13", None),
        ("idna", None),
        ("unicode_escape", None),
        ("no such thing!", None),
        ("x" * 1000, None),
    ],
)
def test_charset_labels(label: str, codec: str | None) -> None:
    assert codec_name(label) == codec


def test_utf7_makes_no_lone_surrogate() -> None:
    assert decode(b"a+2AA-b", "utf-7")[0].encode("utf-8")


def test_alternative_takes_the_last_of_each_form() -> None:
    raw = mixed(PLAIN + b"old", PLAIN + b"new", HTML + b"<p>new", subtype="alternative")
    email = parse(raw)
    assert (email.text, email.html) == ("new", "<p>new")
    assert [part.ref.path for part in email.parts] == ["1"], "another reading stays reachable"


def test_related_root_by_start_parameter() -> None:
    image = b"Content-Type: image/png\nContent-ID: <i@x>\n\nPNG"
    root = HTML.replace(b"\n\n", b"\nContent-ID: <root>\n\n") + b"<p>hi"
    raw = mixed(image, root, subtype='related; start="<root>"')
    email = parse(raw)
    assert email.html == "<p>hi"
    (part,) = email.parts
    assert (part.content_id, part.inline, part.ref.path) == ("i@x", True, "1")


def test_several_texts_are_joined_in_order_and_html_stays_bordered() -> None:
    raw = mixed(PLAIN + b"one", HTML + b"<b>two<a href='", PLAIN + b"three <x>")
    email = parse(raw)
    assert email.text == "one\n\ntwo\n\nthree <x>"
    assert email.html is not None
    assert email.html.count("data-mailbox-part") == 3
    assert "three &lt;x&gt;" in email.html


def test_a_text_file_is_a_file() -> None:
    file = b'Content-Type: text/plain\nContent-Disposition: attachment; filename="n.txt"\n\nfile'
    inline = b'Content-Type: text/plain; name="m.txt"\nContent-Disposition: inline\n\nmore'
    email = parse(mixed(PLAIN + b"body", file, inline))
    assert email.text == "body"
    assert [part.filename for part in email.parts] == ["n.txt", "m.txt"]


def test_attached_message_is_opened_by_path_only() -> None:
    inner = mixed(PLAIN + b"inner text", b"Content-Type: image/png\n\nPNG").replace(b'"q"', b'"z"')
    inner = inner.replace(b"--q", b"--z")
    raw = mixed(PLAIN + b"outer", b"Content-Type: message/rfc822\n\n" + inner)
    email = parse(raw)
    assert email.text == "outer"
    assert [part.content_type for part in email.parts] == ["message/rfc822"]
    assert parse(part_bytes(raw, "2")).text == "inner text"
    assert part_bytes(raw, "2.2") == b"PNG"
    for path in ("3", "2.9", "", "0", "x", "1.1", "2/uu:1", "2/tnef:1"):
        with pytest.raises(KeyError):
            part_bytes(raw, path)


def test_parts_left_at_the_provider() -> None:
    entity = placeholder("3", "application/pdf", 12345, "Plan.pdf")
    raw = mixed(PLAIN + b"body", entity)
    email = parse(raw)
    (part,) = email.parts
    assert (part.ref.path, part.size, part.available) == ("3", 12345, False)
    assert [data for _, data in iter_parts(raw)] == [None]
    with pytest.raises(KeyError):
        part_bytes(raw, "2")
    forged = entity.replace(b"path*=utf-8''3", b"path=../../x")
    assert parse(mixed(PLAIN + b"body", forged)).parts[0].ref.path == "2"
    foreign = b"Content-Type: message/external-body; access-type=URL; size=9\n\n\n"
    assert parse(mixed(foreign)).parts[0].available


def test_uuencoded_files_leave_the_text() -> None:
    raw = b"From: a@b.example\n\nbefore\nbegin 644 a/../x.txt\n#86)C\n \nend\nafter\n"
    email = parse(raw)
    assert email.text == "before\n\nafter"
    (part,) = email.parts
    assert (part.filename, part.size) == ("x.txt", 3)
    assert part_bytes(raw, part.ref.path) == b"abc"
    assert email.fingerprint != parse(raw.replace(b"#86)C", b"#86)D")).fingerprint
    prose = b"From: a@b.example\n\nbegin 644 times a day, people say, and that is\na lot\nend\n"
    assert parse(prose).parts == ()


def test_winmail() -> None:
    stream = corpus_files.tnef([("Größe.txt", b"abc"), ("second.pdf", b"%PDF")])
    assert [(one.name, one.data) for one in tnef.files(stream)] == [
        ("Größe.txt", b"abc"),
        ("second.pdf", b"%PDF"),
    ]
    for cut in range(6, len(stream)):
        try:
            tnef.files(stream[:cut])
        except tnef.BrokenTnef:
            continue
    with pytest.raises(tnef.BrokenTnef):
        tnef.files(b"PK\3\4")


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        (b"YWJj", "base64", b"abc"),
        (b"YWJ", "base64", b"ab"),
        (b"Y W\nJ*j!", "base64", b"abc"),
        (b"YQ==\nYg==\n", "base64", b"ab"),
        (b"Y", "base64", b""),
        (b"=C3=BC=\n=20x=ZZ", "quoted-printable", b"\xc3\xbc x=ZZ"),
        (b"abc", "x-made-up", b"abc"),
        (b"abc", "", b"abc"),
    ],
)
def test_transfer_encodings(data: bytes, encoding: str, expected: bytes) -> None:
    assert transfer.decode(data, encoding) == expected


def test_size_of_good_base64_needs_no_decoding() -> None:
    for length in (0, 1, 2, 3, 57, 58, 1000):
        data = base64.encodebytes(bytes(length))
        assert transfer.decoded_size(data, 0, len(data), "base64") == length


def test_headers_keep_order_case_and_duplicates() -> None:
    raw = b"X-B: 1\nx-a: =?utf-8?q?=C3=BC?=\nX-B: two\n folded\nFrom: a@b.example\n\nhi"
    assert parse(raw).headers[:3] == (("X-B", "1"), ("x-a", "ü"), ("X-B", "two folded"))


def test_a_header_line_without_a_name_does_not_hide_the_rest() -> None:
    raw = (
        b"From ann Mon Nov  2 2026\nReceived: x\nbroken fold\nFrom: a@b.example\nSubject: s\n\nbody"
    )
    email = parse(raw)
    assert (email.subject, email.text) == ("s", "body")
    assert "headers" in email.defects


def test_old_macintosh_line_ends() -> None:
    email = parse(b"From: a@b.example\rSubject: s\r\rbody\rmore")
    assert (email.subject, email.text) == ("s", "body\nmore")
    assert "line-ends" in email.defects


def test_flowed_text() -> None:
    head = b"From: a@b.example\nContent-Type: text/plain; format=flowed"
    body = b"one \ntwo\n> q1 \n> q2\n-- \nsig \nend\n  stuffed"
    assert parse(head + b"\n\n" + body).text == "one two\n> q1 q2\n-- \nsig end\n stuffed"
    assert parse(head + b"; delsp=yes\n\none \ntwo").text == "onetwo"


def test_recipients_are_capped_and_told() -> None:
    people = ", ".join(f"p{number}@x.example" for number in range(limits.MAX_RECIPIENTS + 5))
    email = parse(f"From: a@b.example\nTo: {people}\n\nhi".encode())
    assert len(email.to) == limits.MAX_RECIPIENTS
    assert "address" in email.defects


def test_references_keep_the_root_and_the_newest() -> None:
    ids = [f"<{number}@x>" for number in range(1000)]
    email = parse(f"From: a@b.example\nReferences: {' '.join(ids)}\n\nhi".encode())
    assert len(email.references) == limits.MAX_REFERENCES
    assert (email.references[0], email.references[-1]) == ("<0@x>", "<999@x>")


def test_date_zones() -> None:
    def date_of(text: str) -> datetime | None:
        return parse(f"From: a@b.example\nDate: {text}\n\nhi".encode()).date

    assert date_of("Mon, 02 Nov 2026 10:00:00 +0130") == datetime(
        2026, 11, 2, 8, 30, tzinfo=timezone.utc
    )
    assert date_of("Mon, 02 Nov 2026 10:00:00 -0000") == datetime(
        2026, 11, 2, 10, tzinfo=timezone.utc
    )
    assert date_of("Mon, 02 Nov 2026 10:00:60 EST") == datetime(
        2026, 11, 2, 15, 0, 59, tzinfo=timezone.utc
    )
    assert date_of("31 Feb 2026 10:00:00 +0000") is None


def test_sender_of_several() -> None:
    email = parse(b"From: A <a@x.example>, B <b@x.example>\nSender: b@x.example\n\nhi")
    assert email.sender == Address("B", "b@x.example")
    assert "from" in email.defects


def test_same_mail_through_another_relay_has_the_same_fingerprint() -> None:
    raw = mixed(
        PLAIN + b"body \xc3\xbc",
        b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nQUJD",
    )
    other = raw.replace(b"QUJD", b"QU\nJD").replace(b"\n", b"\r\n")
    assert parse(raw).fingerprint == parse(b"Received: y\r\n" + other).fingerprint
    assert parse(raw).fingerprint != parse(raw.replace(b"QUJD", b"QUJE")).fingerprint
    assert parse(raw).fingerprint != parse(raw.replace(b"body", b"mind")).fingerprint


def test_long_text_is_cut_and_listed_whole() -> None:
    raw = b"From: a@b.example\n\n" + b"x" * (limits.MAX_BODY + 10)
    email = parse(raw)
    assert email.text is not None and len(email.text) == limits.MAX_BODY
    assert [part.size for part in email.parts] == [limits.MAX_BODY + 10]
    assert "body" in email.defects


def test_a_mail_without_words_has_an_empty_snippet() -> None:
    assert parse(b"").snippet == ""
    assert (
        parse(
            b"From: a@b.example\nContent-Type: text/html\n\n<style>p{}</style><script>x</script>"
        ).snippet
        == ""
    )
    assert html_to_text("<p>a<br>b</p><p>c&amp;d</p><!-- no -->") == "a\nb\nc&d"


def test_signature_by_its_separator_only() -> None:
    assert strip_signature("hi\n-- \nAnna\nACME") == ("hi", "Anna\nACME")
    assert strip_signature("hi\n--\nAnna") == ("hi\n--\nAnna", "")


def test_report_without_status_part_is_none() -> None:
    assert delivery_report(b"From: a@b.example\n\nhi") is None


def test_names() -> None:
    assert names.safe_filename("../../etc/passwd") == "passwd"
    assert names.safe_filename("a\u202efdp.exe") == "afdp.exe"
    assert names.safe_filename("x" * 400 + ".pdf").endswith("x.pdf")
    assert names.safe_filename("..") == ""


def test_deeply_nested_html_becomes_text_in_linear_time() -> None:
    deep = "<div>" * 200_000 + "bottom"
    before = time.process_time()
    assert html_to_text(deep).strip() == "bottom"
    assert time.process_time() - before < 2.0, "two CPU seconds are the limit of a message (I8)"


def test_many_shallow_elements_are_no_attack() -> None:
    rows = "".join(f"<tr><td><p>cell {number}<br></td></tr>" for number in range(2_000))
    words = html_to_text(f"<table>{rows}</table>").split("\n")
    assert words[:2] == ["cell 0", "cell 1"] and len(words) == 2_000
