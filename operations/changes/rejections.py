"""Which delivered rows a change sends to quarantine, and which it lets go."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlmesh import EngineAdapter

SCHEMA = "quarantine"
ROW = ("_ingest_date", "_source", "_row_hash")  # what tells delivered rows apart
REJECTED_FOR = "_rejected_for"
UNNAMED = "another reason"


@dataclass(frozen=True)
class Rejections:
    """Delivered rows that are newly in quarantine or left it, and so by reason.

    By reason, a row that is in quarantine before and after counts where its reasons differ.
    `left` is None where it cannot be told.
    """

    came: int
    left: int | None
    reasons: tuple[tuple[str, int, int], ...]  # reason, rows newly and no longer rejected for it


def compare_rejections(
    adapter: EngineAdapter,
    before: str,
    after: str,
    columns: Collection[str],
    where: exp.Expr | None,
) -> Rejections:
    """Compares two versions of a feed's quarantine, whose columns are given."""
    row = ", ".join(ROW)
    condition = f"WHERE {where.sql('databricks')}" if where else ""
    query = f"""WITH prod AS (SELECT * FROM {before} {condition}),
        changed AS (SELECT * FROM {after} {condition}),
        prod_reasons AS (SELECT {row}, EXPLODE({REJECTED_FOR}) AS reason FROM prod),
        changed_reasons AS (SELECT {row}, EXPLODE({REJECTED_FOR}) AS reason FROM changed)
        SELECT NULL AS reason, COUNT(*) AS came, 0 AS gone
        FROM (SELECT {row} FROM changed EXCEPT ALL SELECT {row} FROM prod) AS came
        UNION ALL SELECT NULL, 0, COUNT(*)
        FROM (SELECT {row} FROM prod EXCEPT ALL SELECT {row} FROM changed) AS gone
        UNION ALL SELECT reason, COUNT(*), 0
        FROM (SELECT * FROM changed_reasons EXCEPT ALL SELECT * FROM prod_reasons) AS came
        GROUP BY reason
        UNION ALL SELECT reason, 0, COUNT(*)
        FROM (SELECT * FROM prod_reasons EXCEPT ALL SELECT * FROM changed_reasons) AS gone
        GROUP BY reason"""
    named = re.compile(rf"({'|'.join(map(re.escape, columns))})_[a-z_]+")
    counts: dict[str | None, list[int]] = {None: [0, 0]}
    for reason, came, gone in adapter.fetchall(parse_one(query, dialect="databricks")):
        # a reason that is none of the rules' might be made of what was delivered
        name = reason if reason is None or named.fullmatch(reason) else UNNAMED
        total = counts.setdefault(name, [0, 0])
        total[0] += came
        total[1] += gone
    came, left = counts.pop(None)
    reasons = ((str(reason), new, gone) for reason, (new, gone) in counts.items())
    return Rejections(came, left, tuple(sorted(reasons, key=lambda r: (-r[1], -r[2], r[0]))))
