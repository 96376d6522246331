"""The source of every message, kept once: zlib files named by their SHA-256, beside Odoo's
filestore.

A file is complete and on disk before any row names it (written under another name, synced,
renamed), so there is never a row without its file. A file without a row is left by a transaction
that was rolled back; the vacuum removes it after a grace period.
"""

import hashlib
import os
import re
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from odoo.tools import config

from mailbox_core.mime.limits import MAX_HEADER_SCAN

_FOLDER = "mailbox_raw"
#: Fastest: base64 and text shrink nearly as well as with the default, at a third of its CPU time.
_LEVEL = 1
#: A source at least this big is sampled first: base64 of files that are compressed already has no
#: repetitions to search for; coding its letters alone takes a third of the time for fewer bytes.
_LOOKED_AT = 16_384
_SAMPLE = 8_192
_REPETITIVE = 0.7
#: Packed octets of a source that are read to find its header, and the blank line behind that.
_HEAD = 4_096
_BLANK = re.compile(rb"\r?\n\r?\n|\r\r")
#: Files written at the same time. They wait for the disk nearly all the time.
_THREADS = 8


def digest(raw: bytes) -> str:
    """The name of a source: its SHA-256 in hex."""
    return hashlib.sha256(raw).hexdigest()


class RawMissing(Exception):
    """The file is not there or does not hold what its name promises."""


class RawStore:
    """Content-addressed files below ``root``; ``root`` is made on first use."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def of(cls, cr) -> "RawStore":
        """The raw store of a cursor's database."""
        return cls(Path(config.filestore(cr.dbname)) / _FOLDER)

    def put(self, raw: bytes) -> tuple[str, str]:
        """Keep ``raw``; returns its SHA-256 in hex and the key of its file. Raises OSError."""
        name = digest(raw)
        key = f"{name[:2]}/{name}"
        path = self._root / key
        try:
            # A young file is safe from the vacuum until the row that is about to name it is
            # committed.
            os.utime(path)
        except FileNotFoundError:
            self._write(path, _compressed(raw))
        return name, key

    def put_all(self, raws: Sequence[bytes]) -> list[tuple[str, str]]:
        """``put`` of each, side by side: a disk makes many small files durable together in the time
        of one."""
        if len(raws) < 2:
            return [self.put(raw) for raw in raws]
        with ThreadPoolExecutor(min(_THREADS, len(raws))) as pool:
            return list(pool.map(self.put, raws))

    def get(self, key: str) -> bytes:
        """The bytes kept under ``key``. Raises RawMissing."""
        try:
            raw = zlib.decompress((self._root / key).read_bytes())
        except (OSError, zlib.error) as error:
            raise RawMissing(f"{key}: {error}") from error
        if not key.endswith(digest(raw)):
            raise RawMissing(f"{key}: content differs from its name")
        return raw

    def head(self, key: str) -> bytes:
        """The octets kept under ``key`` up to the end of the header at least, read and unpacked no
        further than that. The digest is not compared. Raises RawMissing."""
        found = bytearray()
        unpacker = zlib.decompressobj()
        try:
            with (self._root / key).open("rb") as file:
                while packed := file.read(_HEAD):
                    found += unpacker.decompress(packed)
                    if _BLANK.search(found) or len(found) > MAX_HEADER_SCAN:
                        break
        except (OSError, zlib.error) as error:
            raise RawMissing(f"{key}: {error}") from error
        return bytes(found)

    def remove(self, key: str) -> None:
        """Forget a file; harmless when it is gone already."""
        (self._root / key).unlink(missing_ok=True)

    def older_than(self, seconds: float, shard: str = "*") -> Iterator[str]:
        """Keys of files that were last put more than ``seconds`` ago, abandoned part files
        included."""
        limit = time.time() - seconds
        for path in self._root.glob(f"{shard}/*"):
            try:
                if path.stat().st_mtime < limit:
                    yield f"{path.parent.name}/{path.name}"
            except FileNotFoundError:
                continue

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="part-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
            _sync_folder(path.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _compressed(raw: bytes) -> bytes:
    """A zlib stream, in the cheaper of two ways."""
    strategy = zlib.Z_DEFAULT_STRATEGY
    if len(raw) >= _LOOKED_AT:
        middle = len(raw) // 2
        sample = raw[middle : middle + _SAMPLE]
        if len(zlib.compress(sample, _LEVEL)) > _REPETITIVE * len(sample):
            strategy = zlib.Z_HUFFMAN_ONLY
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
    return packer.compress(raw) + packer.flush()


def _sync_folder(path: Path) -> None:
    """Make a rename durable: without it, a power cut could leave the row and take the name of its
    file."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
