"""What the files of a delivery are, on either engine."""

from __future__ import annotations

from sqlglot import exp

FOLDER_OF_DAY = (
    r"dt=([0-9]{4}-[0-9]{2}-[0-9]{2})/[^/]*\\z"  # that of the file; its backslash is SQL's
)


def day_of_file(path: str) -> str:
    """SQL of the day of delivery of a path, the folder right above the file."""
    return f"CAST(REGEXP_EXTRACT({path}, '{FOLDER_OF_DAY}', 1) AS DATE)"


def together(selects: list[exp.Select], types: dict[str, str], typed: bool = False) -> exp.Query:
    """The rows of all selects; without any, none, in columns that are typed or text."""
    if selects:
        return exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]
    names = {
        c: exp.DataType.build(t).sql("databricks") if typed else "STRING" for c, t in types.items()
    }
    columns = (f"CAST(NULL AS {type_}) AS {column}" for column, type_ in names.items())
    return exp.select(
        *columns,
        "CAST(NULL AS DATE) AS _ingest_date",
        "CAST(NULL AS STRING) AS _source",
        dialect="databricks",
    ).where("FALSE")
