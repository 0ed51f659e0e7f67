"""Whether a file's content is another one, by a checksum of its bytes."""

from __future__ import annotations

import zlib

from sqlglot import exp
from sqlmesh import EngineAdapter

from macros.reading.volume import ask, file_path

BLOCK = 1024 * 1024


def checksums(adapter: EngineAdapter, files: list[str]) -> dict[str, int]:
    """The CRC-32 of each file's bytes, by its path; without those that are gone."""
    if adapter.dialect == "databricks":
        query = exp.select(file_path(), "CRC32(content)", dialect="databricks")
        return dict(ask(adapter, query, files, "binaryFile"))
    return {file: _checksum(file) for file in files}


def _checksum(file: str) -> int:
    checksum = 0
    with open(file, "rb") as content:
        while block := content.read(BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum
