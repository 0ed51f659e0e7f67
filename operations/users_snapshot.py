"""The versions of silver.users_snapshot, which no delivery can rebuild: kept in a file, and back.

The file needs no state: it is made from the tables of a state that was lost, and taken into those
of a new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from sqlmesh import Context

from macros.feeds import REQUESTS
from operations import CommandError
from operations.backup import checked, seal, whole_or_nothing
from operations.environment.shown import by_model, fetch, last_day, made
from operations.hooks.belonging import begin
from operations.hooks.state_lock import in_turn
from operations.sqlmesh_internals import audit

MODEL = "silver.users_snapshot"
VIEW = f"streaming_prod.{MODEL}"
GRANTED = f"quality.{REQUESTS}"
FILE = "users_snapshot.parquet"
SCHEMA = pa.schema(
    {
        "user_id": pa.int64(),
        "name": pa.string(),
        "email": pa.string(),
        "country": pa.string(),
        "subscription_plan": pa.string(),
        "signed_up_on": pa.date32(),
        "valid_from": pa.timestamp("us"),
        "valid_to": pa.timestamp("us"),
    }
)


class User(NamedTuple):
    """What the versions of a user tell apart."""

    name: str
    email: str
    country: str
    subscription_plan: str
    signed_up_on: date | None


ERASED = User("erased", "erased", "", "", None)


@dataclass(frozen=True)
class Shown:
    """A version: a user as they were shown from one run to another."""

    user_id: int
    user: User
    valid_from: datetime
    valid_to: datetime | None


def keep(context: Context, folder: Path) -> int:
    """Writes the versions that prod shows into a new folder, as parquet with a manifest.

    Returns:
        Their number.

    Raises:
        CommandError: The folder has something, or there is no such table.
    """
    query = f"SELECT {', '.join(SCHEMA.names)} FROM {VIEW} ORDER BY user_id, valid_from"
    with whole_or_nothing(folder):
        try:
            rows = fetch(context, query)
        except Exception as error:
            raise CommandError(f"{VIEW} cannot be read: {error}") from error
        columns = dict(zip(SCHEMA.names, zip(*rows, strict=True), strict=True)) if rows else {}
        table = pa.table({name: columns.get(name, ()) for name in SCHEMA.names}, schema=SCHEMA)
        parquet.write_table(table, folder / FILE)
        seal(folder)
    return len(rows)


def bring_back(context: Context, folder: Path) -> tuple[int, int]:
    """Takes versions that were kept into the table of prod, before those that it has.

    A user of them who asked to be erased since is erased. The same again changes nothing.

    Returns:
        How many versions were kept, and how many the table has now.

    Raises:
        CommandError: The backup is not whole or has no versions, or an audit fails.
        NoEnvironment: There is no prod.
    """
    if FILE not in checked(folder)["files"]:
        raise CommandError(f"{folder} has no {FILE}. Make it: streaming backup --snapshot-only")
    kept = [_version(*row.values()) for row in parquet.read_table(folder / FILE).to_pylist()]
    snapshots, views = made(context, "prod")
    snapshot = by_model(snapshots)[MODEL]
    with in_turn(context, "restore"):
        begin(context)
        asked = {who for (who,) in fetch(context, f"SELECT user_id FROM {views[GRANTED]}")}
        kept = [replace(v, user=ERASED) if v.user_id in asked else v for v in kept]
        query = f"SELECT {', '.join(SCHEMA.names)} FROM {snapshot.table_name()}"
        result = joined(kept, [_version(*row) for row in fetch(context, query)])
        rows = [(v.user_id, *v.user, v.valid_from, v.valid_to) for v in result]
        context.engine_adapter.replace_query(
            snapshot.table_name(),
            pd.DataFrame(rows, columns=SCHEMA.names, dtype=object),
            snapshot.model.columns_to_types,
        )
    day = last_day([snapshot])
    assert day  # a finished environment was computed
    failed = [
        each.audit.name for each in audit(context, snapshot, snapshots, day, day) if each.count
    ]
    if failed:
        raise CommandError(
            f"{MODEL}: {', '.join(failed)} failed. audits/{failed[0]}.sql says what to do."
        )
    return len(kept), len(result)


def joined(kept: Iterable[Shown], since: Iterable[Shown]) -> list[Shown]:
    """Versions of a table that was lost, then those of the table that took its place.

    A version that was open when the table was lost goes on if the new table begins with the same,
    and ends where the new table begins if it does not.
    """
    before, after = _by_user(kept), _by_user(since)
    began = min((versions[0].valid_from for versions in after.values()), default=None)
    result = []
    for user_id in sorted(before.keys() | after.keys()):
        later = after.get(user_id, [])
        end = later[0].valid_from if later else began
        earlier = [v for v in before.get(user_id, []) if end is None or v.valid_from < end]
        if earlier and end and (earlier[-1].valid_to is None or earlier[-1].valid_to > end):
            last = earlier.pop()
            if later and later[0].user == last.user:
                later[0] = replace(later[0], valid_from=last.valid_from)
            else:
                earlier.append(replace(last, valid_to=end))
        result += [*earlier, *later]
    return result


def _by_user(versions: Iterable[Shown]) -> dict[int, list[Shown]]:
    found: defaultdict[int, list[Shown]] = defaultdict(list)
    for version in sorted(versions, key=lambda v: (v.user_id, v.valid_from)):
        found[version.user_id].append(version)
    return found


def _version(user_id: int, *values: object) -> Shown:
    *user, valid_from, valid_to = values
    return Shown(user_id, User(*user), valid_from, valid_to)  # type: ignore[arg-type]
