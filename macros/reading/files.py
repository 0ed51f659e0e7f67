"""What the files of a delivery are, on either engine."""

from __future__ import annotations

from sqlglot import exp

# The last such folder of a path, its backslashes escaped for SQL.
FOLDER_OF_DAY = r"(?s).*dt=([0-9-]{10})[\\\\/]"


def together(selects: list[exp.Select], types: dict[str, str]) -> exp.Query:
    """The rows of all selects; without any, none."""
    if selects:
        return exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]
    columns = (f"CAST(NULL AS STRING) AS {column}" for column in types)
    return exp.select(
        *columns,
        "CAST(NULL AS DATE) AS _ingest_date",
        "CAST(NULL AS STRING) AS _source",
        dialect="databricks",
    ).where("FALSE")
