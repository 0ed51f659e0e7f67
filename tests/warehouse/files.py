"""`read_files` and `LIST` on folders of this machine, and on volumes kept in one of them."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TextIO

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from .sql import Name, NotKnown, Refused, quoted

VOLUMES = "/Volumes/"
SCHEME = re.compile(r"[a-z0-9]+:")
TEXT = {"encoding", "charset", "lineSep", "mode", "multiLine", "locale"}
TIMES = {"dateFormat", "timestampFormat", "timestampNTZFormat"}
SPARK_OPTIONS: dict[str, set[str]] = {
    "csv": TEXT
    | TIMES
    | {"header", "sep", "delimiter", "quote", "escape", "charToEscapeQuoteEscaping", "comment"}
    | {"nullValue", "nanValue", "emptyValue", "ignoreLeadingWhiteSpace", "inferSchema"}
    | {"ignoreTrailingWhiteSpace", "unescapedQuoteHandling", "maxCharsPerColumn", "maxColumns"},
    "json": TEXT | TIMES | {"allowComments", "allowSingleQuotes", "primitivesAsString"},
    "parquet": {"mergeSchema"},
    "text": {"encoding", "lineSep", "wholeText"},
    "binaryfile": set(),
}
OWN_OPTIONS = {"format", "schema", "schemaHints", "rescuedDataColumn", "pathGlobFilter"}
INFERRING = {"csv": {"inferSchema": "true"}, "parquet": {"mergeSchema": "true"}}


@dataclass(frozen=True)
class Call:
    """One call of read_files, its options by their documented spelling."""

    path: str
    options: dict[str, str]

    @classmethod
    def of(cls, path: str, given: dict[str, str]) -> Call:
        form = {name.lower(): value for name, value in given.items()}.get("format", "").lower()
        if form not in SPARK_OPTIONS:
            raise NotKnown(f"the format {form!r} of read_files")
        spelled = {name.lower(): name for name in SPARK_OPTIONS[form] | OWN_OPTIONS}
        for name in given:
            if name.lower() not in spelled:
                raise NotKnown(f"the option {name!r} of read_files for {form}")
        options = {spelled[name.lower()]: value for name, value in given.items()}
        return cls(path, options | {"format": form})

    @property
    def format(self) -> str:
        return self.options["format"]

    @property
    def rescued(self) -> str:
        return self.options.get("rescuedDataColumn", "")

    @property
    def is_case_sensitive(self) -> bool:
        """Whether columns that differ by case are two (readerCaseSensitive is the default)."""
        return self.format == "parquet" and bool(self.rescued)

    def has(self, option: str) -> bool:
        return self.options.get(option, "false").lower() == "true"

    def spark_options(self) -> dict[str, str]:
        return {name: v for name, v in self.options.items() if name not in OWN_OPTIONS}


class Files:
    """Reads files in one session; `volumes` is the folder that stands for /Volumes/.

    Of this machine's own paths, only those that begin with one of `mounted` are taken.
    """

    def __init__(self, spark: SparkSession, volumes: Path, mounted: tuple[str, ...] = ()) -> None:
        self.spark = spark
        self.volumes = volumes
        self.mounted = mounted

    def read(self, call: Call, with_metadata: bool) -> DataFrame:
        """The rows; with_metadata adds `_metadata`, which read_files has as a hidden column."""
        self._refuse_path(call.path)
        files = self._files(call)
        schema = self._schema(call)
        if not files:
            return self._no_rows(call, schema, with_metadata)
        if schema and call.rescued and call.format == "csv" and call.has("header"):
            read = self._csv_by_name(call, schema, files, with_metadata)
        elif schema and call.rescued and call.format == "json":
            read = self._json_by_name(call, schema, files, with_metadata)
        elif schema and call.rescued and call.format == "parquet":
            extra = [f for f in self._load(call, files, None).schema if f.name not in schema.names]
            read = self._with_rescued(call, schema, files, extra, with_metadata)
        elif call.rescued:
            raise NotKnown(f"rescuedDataColumn for {call.format} without a schema and header")
        else:
            if schema is None and "schemaHints" in call.options:
                schema = self._hinted(call, files)
            read = self._load(call, files, schema)
            columns = [F.col(quoted(name)) for name in read.columns]
            read = read.select(*columns, *self._metadata(call, with_metadata))
        return read

    def list(self, path: str) -> list[tuple[str, str, int, datetime]]:
        """What is immediately in a folder: path, name, size and modification time."""
        self._refuse_path(path)
        folder = self._local(path)
        if not folder.is_dir():
            raise _not_found(path)
        shown = path.rstrip("/").removeprefix("dbfs:")
        prefix = "dbfs:" if shown.startswith(VOLUMES) else ""
        rows = []
        for entry in sorted(folder.iterdir()):
            status = entry.stat()
            name = entry.name + "/" * entry.is_dir()
            modified = datetime.fromtimestamp(status.st_mtime, timezone.utc)
            size = 0 if entry.is_dir() else status.st_size
            rows.append((f"{prefix}{shown}/{name}", name, size, modified))
        return rows

    def shown(self, text: str) -> str:
        """An error's text with the volumes' own paths."""
        folder = re.escape(str(self.volumes))
        return re.sub(f"file:/*{folder}", "dbfs:/Volumes", text)

    # Paths

    def _refuse_path(self, path: str) -> None:
        if not (path.startswith((VOLUMES, *self.mounted)) or SCHEME.match(path)):
            raise Refused(
                "INVALID_PARAMETER_VALUE",
                f"Path '{path}' begins neither with /Volumes/ nor with a scheme.",
                "22023",
            )

    def _local(self, path: str) -> Path:
        path = path.removeprefix("dbfs:")
        if path.startswith("file:"):
            path = "/" + path.removeprefix("file:").lstrip("/")
        if path.startswith(VOLUMES):
            return self.volumes / path.removeprefix(VOLUMES)
        if not path.startswith("/"):
            raise NotKnown(f"the path {path!r}: paths are absolute, or in /Volumes/")
        return Path(path)

    def _files(self, call: Call) -> list[Path]:
        plain = len(alternatives := list(expand_braces(call.path))) == 1
        found: dict[Path, None] = {}
        for alternative in alternatives:
            pattern = str(self._local(alternative))
            plain = plain and not re.search(r"(?<!\\)[*?\[]", pattern)
            for match in glob(pattern):
                found.update(dict.fromkeys(_files_below(match)))
        if plain and not found and not Path(_unescaped(pattern)).exists():
            raise _not_found(call.path)
        names = _segment(call.options.get("pathGlobFilter", "*"))
        return [file for file in found if names.fullmatch(file.name)]

    # Reading

    def _schema(self, call: Call) -> StructType | None:
        text = call.options.get("schema")
        if text is None:
            return None
        schema = StructType.fromDDL(text)
        other = any(field.dataType != StringType() for field in schema)
        if call.rescued and other and call.format != "parquet":
            raise NotKnown("rescuedDataColumn with columns of another type than STRING")
        return schema

    def _hinted(self, call: Call, files: Sequence[Path]) -> StructType:
        hints = {field.name: field for field in StructType.fromDDL(call.options["schemaHints"])}
        inferred = [hints.pop(field.name, field) for field in self._load(call, files, None).schema]
        return StructType([*inferred, *hints.values()])

    def _load(self, call: Call, files: Sequence[Path], schema: StructType | None) -> DataFrame:
        options = call.spark_options()
        if schema is None:
            options = INFERRING.get(call.format, {}) | options
        reader = self.spark.read.format(call.format).options(**options)
        if schema is not None:
            reader = reader.schema(schema)
        # These are files, whatever their names; Spark takes them for patterns.
        escaped = [re.sub(r"([][*?{}\\])", r"\\\1", str(file)) for file in files]
        return reader.load([f"file:{file}" for file in escaped])

    def _metadata(self, call: Call, wanted: bool) -> list[Column]:
        if not wanted:
            return []
        metadata = F.col("_metadata")
        if call.path.removeprefix("dbfs:").startswith(VOLUMES):
            return [metadata.withField("file_path", self._file_path(call)).alias("_metadata")]
        return [metadata]

    def _file_path(self, call: Call) -> Column:
        path = F.col("_metadata.file_path")
        if not call.path.removeprefix("dbfs:").startswith(VOLUMES):
            return path
        start = len(f"file:{self.volumes}") + 1
        return F.concat(F.lit("dbfs:/Volumes"), F.substr(path, F.lit(start)))

    def _no_rows(self, call: Call, schema: StructType | None, with_metadata: bool) -> DataFrame:
        fixed = {
            "text": "value STRING",
            "binaryfile": "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY",
        }
        if schema is None and call.format in fixed:
            schema = StructType.fromDDL(fixed[call.format])
        if schema is None:
            raise Refused(
                "CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE",
                f"Cannot infer schema when the input path `{call.path}` is empty. Please specify "
                "the schema.",
                "42000",
            )
        fields = list(schema)
        if call.rescued:
            fields.append(StructField(call.rescued, StringType()))
        if with_metadata:
            kind = "STRUCT<file_path: STRING, file_name: STRING, file_size: BIGINT, "
            kind += "file_modification_time: TIMESTAMP>"
            fields += list(StructType.fromDDL(f"_metadata {kind}"))
        return self.spark.createDataFrame([], StructType(fields))

    def _csv_by_name(
        self, call: Call, schema: StructType, files: Sequence[Path], with_metadata: bool
    ) -> DataFrame:
        """Columns by the names in each file's header; what the schema lacks is rescued."""
        by_header: dict[tuple[str, ...], list[Path]] = defaultdict(list)
        for file in files:
            if header := _header(call, file):
                by_header[header].append(file)
        parts = []
        for header, alike in by_header.items():
            if len(set(header)) < len(header):
                raise Refused(
                    "DUPLICATE_COLUMN_NAMES_IN_HEADER",
                    f"Found duplicate column(s) in the header of {alike[0]}: {', '.join(header)}.",
                    "42711",
                )
            places = [StructField(f"_{place}", StringType()) for place in range(len(header))]
            at = {name: F.col(f"_{place}") for place, name in enumerate(header)}
            absent = F.lit(None).cast("string")
            columns = [at.get(name, absent).alias(name) for name in schema.names]
            unread = {name: column for name, column in at.items() if name not in schema.names}
            rescued = self._rescued(call, unread).alias(call.rescued)
            metadata = self._metadata(call, with_metadata)
            loaded = self._load(call, alike, StructType(places))
            parts.append(loaded.select(*columns, rescued, *metadata))
        if not parts:
            return self._no_rows(call, schema, with_metadata)
        union = parts[0]
        for part in parts[1:]:
            union = union.unionAll(part)
        return union

    def _rescued(self, call: Call, unread: dict[str, Column]) -> Column:
        if not unread:
            return F.lit(None).cast("string")
        columns = [column.alias(name) for name, column in unread.items()]
        text = F.to_json(F.struct(*columns, self._file_path(call).alias("_file_path")))
        return F.when(F.coalesce(*unread.values()).isNotNull(), text)

    def _json_by_name(
        self, call: Call, schema: StructType, files: Sequence[Path], with_metadata: bool
    ) -> DataFrame:
        """One object a line; what the schema lacks is rescued."""
        if call.has("multiLine"):
            raise NotKnown("rescuedDataColumn for json with multiLine")
        unread = sorted(_keys(files) - set(schema.names))
        extra = [StructField(name, StringType()) for name in unread]
        return self._with_rescued(call, schema, files, extra, with_metadata)

    def _with_rescued(
        self,
        call: Call,
        schema: StructType,
        files: Sequence[Path],
        extra: Sequence[StructField],
        with_metadata: bool,
    ) -> DataFrame:
        loaded = self._load(call, files, StructType([*schema, *extra]))
        columns = [F.col(quoted(name)) for name in schema.names]
        rescued = self._rescued(call, {field.name: F.col(quoted(field.name)) for field in extra})
        metadata = self._metadata(call, with_metadata)
        return loaded.select(*columns, rescued.alias(call.rescued), *metadata)


def volume_of(path: str) -> Name | None:
    """The volume that a path is in."""
    parts = path.removeprefix("dbfs:").removeprefix(VOLUMES).split("/")
    is_in_one = path.removeprefix("dbfs:").startswith(VOLUMES) and len(parts) >= 3
    return tuple(part.lower() for part in parts[:3]) if is_in_one else None


def _not_found(path: str) -> Refused:
    return Refused("PATH_NOT_FOUND", f"Path does not exist: {path}.", "42K03")


def _keys(files: Sequence[Path]) -> set[str]:
    """The keys of the objects in json files; what is malformed is left for Spark to find."""
    keys: set[str] = set()
    for file in files:
        with _opened(file, "utf-8-sig") as lines:
            for line in lines:
                with suppress(ValueError):
                    value = json.loads(line)
                    keys |= value.keys() if isinstance(value, dict) else set()
    return keys


def _opened(file: Path, encoding: str) -> TextIO:
    open_file = gzip.open if file.suffix == ".gz" else open
    return open_file(file, "rt", encoding=encoding, newline="", errors="replace")


def _header(call: Call, file: Path) -> tuple[str, ...]:
    """The names in a csv file's first line; none for an empty file.

    A quote that never ends is refused in the mode FAILFAST: Spark takes the rest for a value.
    """
    options = call.options
    quote = options.get("quote", '"')
    escape = options.get("escape", "\\")
    dialect: dict[str, Any] = {
        "delimiter": options.get("sep", options.get("delimiter", ",")),
        "quotechar": quote or None,
        "quoting": csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        "escapechar": escape if escape and escape != quote else None,
        "doublequote": escape == quote,
    }
    encoding = options.get("encoding", options.get("charset", "UTF-8"))
    encoding = "utf-8-sig" if encoding.upper() == "UTF-8" else encoding
    fails = options.get("mode", "").upper() == "FAILFAST"
    header: tuple[str, ...] = ()
    with _opened(file, encoding) as text:
        try:
            for line in csv.reader(text, strict=fails, **dialect):
                if line and not header:
                    header = tuple(name or f"_c{place}" for place, name in enumerate(line))
                if header and not fails:
                    break
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise Refused(
                    "FAILED_READ_FILE.NO_HINT",
                    f"Encountered error while reading file file:{file}. "
                    "[MALFORMED_RECORD_IN_PARSING] A quoted value has no end.",
                    "KD001",
                ) from None
    return header


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        yield from (Path(folder, name) for name in sorted(names) if not _hidden(name))


def _hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def glob(pattern: str) -> Iterator[Path]:
    """The paths that a pattern without braces matches, a backslash escaping what follows it."""
    paths = [Path("/")]
    for segment in pattern.strip("/").split("/"):
        if re.search(r"(?<!\\)[*?\[]", segment):
            matcher = _segment(segment)
            paths = [
                entry
                for path in paths
                if path.is_dir()
                for entry in sorted(path.iterdir())
                if matcher.fullmatch(entry.name) and not _hidden(entry.name)
            ]
        else:
            paths = [path / _unescaped(segment) for path in paths]
    yield from (path for path in paths if path.exists())


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _segment(pattern: str) -> re.Pattern[str]:
    """A pattern of one name as a regular expression: `*`, `?`, `[a-z]` and `[^a]`."""
    regex = {"*": ".*", "?": ".", "{": "(?:", "}": ")"}
    parts = re.findall(r"\\.|\[[^\]]+\]|.", pattern, re.DOTALL)
    depth = 0
    out = []
    for part in parts:
        depth += (part == "{") - (part == "}")
        if part[0] == "[" and len(part) > 1:
            out.append(part)
        elif part == "," and depth:
            out.append("|")
        else:
            out.append(regex.get(part) or re.escape(part[-1]))
    return re.compile("".join(out), re.DOTALL)


def expand_braces(path: str) -> Iterator[str]:
    """`a{b,c}` as `ab` and `ac`; escaped braces and commas stay as they are."""
    start = depth = 0
    commas: list[int] = []
    escaped = False
    for at, sign in enumerate(path):
        if escaped or sign == "\\":
            escaped = not escaped
        elif sign == "{":
            depth += 1
            if depth == 1:
                start, commas = at, [at]
        elif sign == "," and depth == 1:
            commas.append(at)
        elif sign == "}" and depth:
            depth -= 1
            if not depth:
                for begin, end in zip(commas, [*commas[1:], at], strict=True):
                    yield from expand_braces(path[:start] + path[begin + 1 : end] + path[at + 1 :])
                return
    yield path
