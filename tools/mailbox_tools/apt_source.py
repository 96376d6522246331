"""Reads the machine's own apt sources and derives from them a private source for other suites.

The package host, its signing key and every proxy or certificate setting stay the machine's own;
nothing here names a host. Formats: sources.list(5), one-line style and deb822 style.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailbox_tools.env import ToolingError

#: Per distribution: suite that has Odoo 19, suite that has Font Awesome 4.7, components.
#: Empty suite = the machine's own release.
SUITES = {"debian": ("sid", "stable", "main"), "ubuntu": ("devel", "", "main universe")}

#: Options of a source that say how to reach or trust it; others (targets, languages) are ours.
_KEPT = (
    "signed-by",
    "trusted",
    "allow-insecure",
    "check-valid-until",
    "check-date",
    "architectures",
)

_PRIVATE_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "{folder}/state";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{folder}/preferences";
APT::Sandbox::User "";
"""


@dataclass(frozen=True)
class Source:
    """One binary package source of the machine."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DerivedSource:
    """A private source in deb822 style, and the suites it offers."""

    text: str
    odoo_suite: str
    font_suite: str


def parse_one_line(text: str) -> Iterator[Source]:
    """Yield the binary sources of a one-line style file."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if not match:
            continue
        pairs = (item.split("=", 1) for item in (match[1] or "").split() if "=" in item)
        options = {_long_name(key): value.replace(",", " ") for key, value in pairs}
        yield Source((match[2],), (match[3],), tuple(match[4].split()), options)


def parse_deb822(text: str) -> Iterator[Source]:
    """Yield the enabled binary sources of a deb822 style file."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')}\n{line}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if (
            "deb" in fields.get("types", "").split()
            and fields.get("enabled", "yes").lower() != "no"
        ):
            options = {key: value for key, value in fields.items() if key in _KEPT}
            yield Source(
                tuple(fields.get("uris", "").split()),
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                options,
            )


def machine_sources(folder: Path) -> list[Source]:
    """Return every binary source that the apt configuration below ``folder`` names."""
    found: list[Source] = []
    lists = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]
    for path in (path for path in lists if path.is_file()):
        found += parse_one_line(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(folder.glob("sources.list.d/*.sources")):
        found += parse_deb822(path.read_text(encoding="utf-8", errors="replace"))
    return found


def read_os_release(text: str) -> dict[str, str]:
    """Return the fields of an os-release(5) file."""
    pairs = (
        line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#")
    )
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def derive(sources: Iterable[Source], release: Mapping[str, str]) -> DerivedSource:
    """Return a source at the machine's own archive for the suites that we fetch from.

    Raises ToolingError when the machine is neither Debian nor Ubuntu, or names no archive.
    """
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    known = next((name for name in names if name in SUITES), None)
    if known is None:
        raise ToolingError(
            "Odoo 19 is fetched by apt on Debian or Ubuntu only: set ODOO_HOME to an Odoo 19"
        )
    odoo_suite, font_suite, components = SUITES[known]
    archive = _own_archive(sources, release.get("VERSION_CODENAME", ""))
    font_suite = font_suite or release["VERSION_CODENAME"]
    fields = {
        "Types": "deb",
        "URIs": " ".join(archive.uris),
        "Suites": f"{odoo_suite} {font_suite}",
        "Components": components,
        "Languages": "none",
        "Targets": "Packages",
        **{_title(key): value for key, value in archive.options.items() if key in _KEPT},
    }
    text = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return DerivedSource(text, odoo_suite, font_suite)


def of_machine() -> DerivedSource:
    """Return the source derived from this machine's own. Raises ToolingError, as ``derive``."""
    release = read_os_release(Path("/etc/os-release").read_text(encoding="utf-8"))
    return derive(machine_sources(Path("/etc/apt")), release)


def of_sources(derived: DerivedSource) -> str:
    """Return the same source, for the source packages of the suite that changes least."""
    fields = {"Types": "deb-src", "Suites": derived.font_suite}
    lines = (line for line in derived.text.splitlines() if not line.startswith("Targets:"))
    pairs = (line.partition(": ") for line in lines)
    return "".join(f"{key}: {fields.get(key, value)}\n" for key, _, value in pairs)


def private(work: Path, source: str) -> list[str]:
    """Return the start of an apt-get command that uses only ``source`` and writes only to ``work``.

    The system's apt state is not touched: lists, cache and sources are private folders; proxies
    and certificates come from the machine's apt configuration.
    """
    parts = ("state/lists/partial", "cache/archives/partial", "sources", "preferences")
    for part in parts:
        (work / part).mkdir(parents=True, exist_ok=True)
    (work / "sources" / "private.sources").write_text(source, encoding="utf-8")
    (work / "apt.conf").write_text(_PRIVATE_CONFIGURATION.format(folder=work), encoding="utf-8")
    return ["apt-get", "-q", "-c", str(work / "apt.conf")]


def _own_archive(sources: Iterable[Source], codename: str) -> Source:
    """Return the source of the release itself: the one whose suite is the codename or its alias."""
    candidates = [source for source in sources if source.uris and "main" in source.components]
    aliases = {codename, "stable", "oldstable", "testing", "unstable", "sid"} - {""}
    for wanted in ({codename}, aliases):
        for source in candidates:
            if wanted & set(source.suites):
                return source
    raise ToolingError(
        "no apt source of this release was found to fetch Odoo 19 from; set ODOO_HOME to an Odoo 19"
    )


def _long_name(option: str) -> str:
    return {"arch": "architectures"}.get(option.lower(), option.lower())


def _title(key: str) -> str:
    return "-".join(part.capitalize() for part in key.split("-"))
