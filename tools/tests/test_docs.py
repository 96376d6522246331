"""Links, anchors and examples of the documentation."""

from pathlib import Path

from mailbox_tools import docs


def found(folder: Path, text: str) -> list[str]:
    """Return the problems of a page with a neighbour that has one heading."""
    (folder / "other.md").write_text("# The `other` page\n")
    page = folder / "page.md"
    page.write_text(text)
    return list(docs.problems(page, text))


def test_links_that_lead_somewhere_are_fine(tmp_path: Path) -> None:
    text = (
        "# Here\n[a](other.md) [b](other.md#the-other-page) [c](#here) [d](https://x.test/y)\n"
        "`[not](a-link.md)` ![picture](other.md)\n```\n[nor](this.md)\n```\n"
    )
    assert found(tmp_path, text) == []


def test_links_that_lead_nowhere_are_named_with_their_line(tmp_path: Path) -> None:
    text = "# Here\n\n```\ncode\n```\n[a](gone.md)\n[b](other.md#nothing) [c](#nowhere)\n"
    assert found(tmp_path, text) == [
        "6: gone.md does not exist",
        "7: other.md#nothing: no such heading",
        "7: #nowhere: no such heading",
    ]


def test_examples_must_parse(tmp_path: Path) -> None:
    assert found(tmp_path, "x\n\n```python\nprint('a'\n```\n") == [
        "3: Python example: '(' was never closed"
    ]
    assert found(tmp_path, "- x\n\n  ```python\n  print('a')\n  ```\n") == []


def test_tests_that_a_page_names_must_exist(tmp_path: Path) -> None:
    here = "tools/tests/test_docs.py"
    text = f"`{here}::test_examples_must_parse`\n`{here}::test_of_dreams` `nowhere.py::test_x`\n"
    assert found(tmp_path, text) == [
        f"2: {here} has no test test_of_dreams",
        "2: nowhere.py has no test test_x",
    ]
