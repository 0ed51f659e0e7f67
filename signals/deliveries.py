"""What SQLMesh asks before it computes a model."""

from sqlmesh import DatetimeRanges, ExecutionContext, signal
from sqlmesh.core.snapshot import Snapshot


@signal()
def day_is_delivered(
    batch: DatetimeRanges, snapshot: Snapshot, context: ExecutionContext
) -> DatetimeRanges:
    """The days for which a model can be computed.

    A model that reads deliveries (`delivered_<feed>`) gets the days that all feeds have delivered,
    and those that are no longer waited for. The models below follow it, but for two kinds that do
    not see that a day was left out above: models by unique key, which a restatement of an old day
    computes up to now, and new versions of forward-only models, which a plan of prod computes in a
    second pass. These have the signal too: it stops them at the last day that was loaded above.

    Args:
        batch: Days that are to be computed, one interval each.
        snapshot: The model's.
        context: Knows the other models, and the engine.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    # Not imported above: SQLMesh would store it with the model as metadata, and with it what the
    # macro `delivery` uses too. A change of that would then not count as a change of the data.
    from operations.landing.ready import ready_intervals

    return ready_intervals(batch, snapshot, context)
