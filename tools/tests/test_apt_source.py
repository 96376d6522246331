"""Parsing of apt's own files and the source derived from them. Hosts here are reserved names."""

from pathlib import Path

import pytest

from mailbox_tools import apt_source
from mailbox_tools.env import ToolingError

DEB822 = """\
# a comment line
Types: deb
URIs: http://mirror.example.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb deb-src
Enabled: no
URIs: http://off.example.test/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example.test/debian
Suites: bookworm
Components: main
"""

INLINE_KEY = """\
Types: deb
URIs: http://mirror.example.test/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFit
 -----END PGP PUBLIC KEY BLOCK-----
"""

BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm"}


def test_deb822_yields_enabled_binary_sources() -> None:
    (source,) = apt_source.parse_deb822(DEB822)
    assert source.uris == ("http://mirror.example.test/debian",)
    assert source.suites == ("bookworm", "bookworm-updates")
    assert source.options == {"signed-by": "/usr/share/keyrings/archive.gpg"}


def test_one_line_style_with_options() -> None:
    text = (
        "# deb http://commented.example.test x main\n"
        "deb-src http://mirror.example.test/debian bookworm main\n"
        "deb [arch=amd64,arm64 signed-by=/k.gpg] https://mirror.example.test/d bookworm main # x\n"
        "deb cdrom:[Debian GNU]/ bookworm main\n"
        "deb http://mirror.example.test/flat ./\n"
    )
    first = next(iter(apt_source.parse_one_line(text)))
    assert first.uris == ("https://mirror.example.test/d",)
    assert first.components == ("main",)
    assert first.options == {"architectures": "amd64 arm64", "signed-by": "/k.gpg"}


def test_both_styles_are_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example.test/debian bookworm main\n")
    (tmp_path / "sources.list.d" / "two.sources").write_text(DEB822)
    (tmp_path / "sources.list.d" / "three.list").write_text(
        "deb http://three.example.test/tool stable main\n"
    )
    hosts = [source.uris[0].split("/")[2] for source in apt_source.machine_sources(tmp_path)]
    assert hosts == ["one.example.test", "three.example.test", "mirror.example.test"]


def test_derived_source_keeps_host_and_key() -> None:
    derived = apt_source.derive(apt_source.parse_deb822(DEB822), BOOKWORM)
    (source,) = apt_source.parse_deb822(derived.text)
    assert source.uris == ("http://mirror.example.test/debian",)
    assert source.suites == ("sid", "stable")
    assert source.options == {"signed-by": "/usr/share/keyrings/archive.gpg"}


def test_a_key_written_into_the_source_survives() -> None:
    derived = apt_source.derive(apt_source.parse_deb822(INLINE_KEY), BOOKWORM)
    (source,) = apt_source.parse_deb822(derived.text)
    (original,) = apt_source.parse_deb822(INLINE_KEY)
    assert source.options["signed-by"] == original.options["signed-by"]
    assert "\n .\n mQINBFit\n" in derived.text


def test_a_third_partys_source_is_not_mistaken_for_the_archive() -> None:
    sources = [
        apt_source.Source(("http://tool.example.test/x",), ("stable",), ("main",)),
        apt_source.Source(("http://mirror.example.test/debian",), ("bookworm",), ("main",)),
    ]
    assert "mirror.example.test" in apt_source.derive(sources, BOOKWORM).text


def test_ubuntu_takes_its_own_suites() -> None:
    source = apt_source.Source(("http://m.example.test/ubuntu",), ("noble",), ("main", "universe"))
    release = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_CODENAME": "noble"}
    derived = apt_source.derive([source], release)
    assert (derived.odoo_suite, derived.font_suite) == ("devel", "noble")
    assert "Components: main universe\n" in derived.text


@pytest.mark.parametrize(
    ("sources", "release"),
    [([], BOOKWORM), ([], {"ID": "fedora"}), ([], {})],
    ids=["no archive", "another system", "unknown system"],
)
def test_what_cannot_be_derived_is_said(
    sources: list[apt_source.Source], release: dict[str, str]
) -> None:
    with pytest.raises(ToolingError, match="ODOO_HOME"):
        apt_source.derive(sources, release)


def test_os_release_is_unquoted() -> None:
    text = 'NAME="Debian GNU/Linux"\nID=debian\n# no\nVERSION_CODENAME=bookworm\n'
    found = apt_source.read_os_release(text)
    assert found == {"NAME": "Debian GNU/Linux", "ID": "debian", "VERSION_CODENAME": "bookworm"}
