"""Variables given to make, repeated ones included."""

from mailbox_tools import make_variables


def test_repeated_variables_are_kept_in_order() -> None:
    arguments = ["-j2", "demo", "MAIL=one", "ONCE=1", "MAIL:=two words", "-f", "x"]
    assert make_variables.parse(arguments) == [
        ("MAIL", "one"),
        ("ONCE", "1"),
        ("MAIL", "two words"),
    ]
