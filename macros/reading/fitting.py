"""Fitting delivered values into the types of bronze, and rescuing those that do not fit."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh.utils.errors import SQLMeshError

from macros.text import trimmed

# No $ at an end, which to Java also stands before a last line break; its backslash is SQL's.
END = r"\\z"
INTEGER = f"^[+-]?[0-9]+{END}"
NUMBER = f"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?{END}"
DAY = f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{END}"
MOMENT = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?"
    f"(Z|[+-](0[0-9]|1[0-3]):?[0-5][0-9]|[+-]14:?00)?{END}"
)
OFFSET = f"([+-])([0-9]{{2}}):?([0-9]{{2}}){END}"
LARGEST_DOUBLE = "1.7976931348623157E308D"


def fitted(
    rows: exp.Query,
    types: dict[str, str],
    typed: bool = False,
) -> exp.Subquery:
    """Delivered rows with every value in its column's type, or rescued.

    Args:
        rows: The delivered columns, `_ingest_date` and `_source`.
        types: The type in bronze of each column.
        typed: Whether the values come in these types (parquet) or as text.
    """
    parsed = {column: type_ for column, type_ in types.items() if type_ != "TEXT"}
    if typed:
        values = {column: _fit_typed(column, type_) for column, type_ in parsed.items()}
        delivered = {column: f"{column} AS _delivered_{column}" for column in parsed}
        texts = {
            column: _typed_text(f"_delivered_{column}", type_) for column, type_ in parsed.items()
        }
    else:
        rows = _trimmed_rows(rows, types, parsed)
        values = {column: _fit_text(column, type_) for column, type_ in parsed.items()}
        delivered = texts = {column: f"_delivered_{column}" for column in parsed}
    misfits = {
        column: f"({column} IS NULL AND _delivered_{column} IS NOT NULL)" for column in parsed
    }
    rescued = ", ".join(
        f"CASE WHEN {misfits[column]} THEN {texts[column]} END AS {column}" for column in parsed
    )
    # Spark leaves absent values out of the object, DuckDB writes them as null.
    json = f"""REGEXP_REPLACE(
        REGEXP_REPLACE(TO_JSON(STRUCT({rescued})), '"[a-z_]+":null,?', ''), ',}}$', '}}'
    )"""
    in_types = exp.select(
        *(f"{values.get(column, column)} AS {column}" for column in types),
        *delivered.values(),
        "_ingest_date",
        "_source",
        dialect="databricks",
    ).from_(rows.subquery("delivered"))
    return (
        exp.select(
            *(
                f"CAST({column} AS {_sql_type(type_)}) AS {column}"
                for column, type_ in types.items()
            ),
            "CAST(_ingest_date AS DATE) AS _ingest_date",
            "CAST(_source AS STRING) AS _source",
            f"CAST(CASE WHEN {' OR '.join(misfits.values())} THEN {json} END AS STRING) "
            "AS _rescued_data",
            dialect="databricks",
        )
        .from_(in_types.subquery("fitted"))
        .subquery("delivery")
    )


def _trimmed_rows(rows: exp.Query, types: dict[str, str], parsed: dict[str, str]) -> exp.Query:
    """Delivered texts: those to be parsed trimmed, and as they came, NULL where blank."""
    return exp.select(
        *(f"{trimmed(column)} AS {column}" if column in parsed else column for column in types),
        *(
            f"CASE WHEN {trimmed(column)} <> '' THEN {column} END AS _delivered_{column}"
            for column in parsed
        ),
        "_ingest_date",
        "_source",
        dialect="databricks",
    ).from_(rows.subquery("texts"))


def _sql_type(type_: str) -> str:
    """The name in Databricks SQL of a type that sqlglot names."""
    return exp.DataType.build(type_).sql("databricks")


def _fit_text(value: str, type_: str) -> str:
    """SQL of a trimmed text in a type of bronze, NULL where it does not fit (contract, 3)."""
    if type_ in ("BIGINT", "INT"):
        return f"CASE WHEN {value} RLIKE '{INTEGER}' THEN TRY_CAST({value} AS {type_}) END"
    if type_ == "DOUBLE":
        number = f"CASE WHEN {value} RLIKE '{NUMBER}' THEN TRY_CAST({value} AS DOUBLE) END"
        return _finite(number)
    if type_ == "DATE":
        return (
            f"CASE WHEN {value} RLIKE '{DAY}' AND {value} >= '0001' "
            f"THEN TRY_CAST({value} AS DATE) END"
        )
    if type_ == "TIMESTAMPNTZ":
        fraction = f"RPAD(REGEXP_EXTRACT({value}, '[.]([0-9]{{1,6}})', 1), 6, '0')"
        local = (
            f"TRY_CAST(SUBSTRING({value}, 1, 10) || ' ' || SUBSTRING({value}, 12, 8) || '.' "
            f"|| {fraction} AS TIMESTAMP_NTZ)"
        )
        sign, hours, minutes = (f"REGEXP_EXTRACT({value}, '{OFFSET}', {n})" for n in (1, 2, 3))
        behind = f"CASE WHEN {sign} = '-' THEN 1 ELSE -1 END * ({hours}::INT * 60 + {minutes}::INT)"
        utc = (
            f"CASE WHEN {value} RLIKE '{OFFSET}' THEN DATEADD(MINUTE, {behind}, {local}) "
            f"ELSE {local} END"
        )
        return (
            f"CASE WHEN {value} RLIKE '{MOMENT}' AND {value} >= '0001' THEN {_in_calendar(utc)} END"
        )
    raise SQLMeshError(f"No rule says how a text becomes a {type_} (column {value}).")


def _typed_text(value: str, type_: str) -> str:
    """SQL of a delivered typed value as text; a date or moment as a number since 1970.

    That is what a file holds, and both engines know it of every year; DuckDB counts none to its
    infinities, which are the ends of the range.
    """
    if type_ == "DOUBLE":
        return (
            f"CASE WHEN ISNAN({value}) THEN 'NaN' WHEN {value} > 0 THEN 'Infinity' "
            f"WHEN {value} < 0 THEN '-Infinity' END"
        )
    if type_ == "DATE":
        epoch, last = "DATE '1970-01-01'", 2**31 - 1
        number = f"DATEDIFF({value}, {epoch})"
    elif type_ == "TIMESTAMPNTZ":
        epoch, last = "CAST('1970-01-01' AS TIMESTAMP_NTZ)", 2**63 - 1
        number = f"TIMESTAMPDIFF(MICROSECOND, {epoch}, {value})"
    else:
        return f"CAST({value} AS STRING)"
    end = f"CASE WHEN {value} > {epoch} THEN '{last}' WHEN {value} < {epoch} THEN '-{last}' END"
    return f"COALESCE(CAST({number} AS STRING), {end})"


def _fit_typed(value: str, type_: str) -> str:
    """SQL of a delivered typed value in a type of bronze, NULL where it is not in its range."""
    if type_ == "DOUBLE":
        return _finite(value)
    if type_ in ("DATE", "TIMESTAMPNTZ"):
        return _in_calendar(value)
    return value


def _finite(number: str) -> str:
    """SQL of a number, NULL where it is infinite or none."""
    return f"CASE WHEN ABS({number}) <= {LARGEST_DOUBLE} THEN {number} END"


def _in_calendar(moment: str) -> str:
    """SQL of a date or timestamp, NULL outside the years 0001 to 9999."""
    return f"CASE WHEN YEAR({moment}) BETWEEN 1 AND 9999 THEN {moment} END"
