"""What SQLMesh asks before it computes a model."""

from sqlmesh import DatetimeRanges, ExecutionContext, signal
from sqlmesh.core.snapshot import Snapshot


@signal()
def day_is_delivered(
    batch: DatetimeRanges, snapshot: Snapshot, context: ExecutionContext
) -> DatetimeRanges:
    """The days for which a model can be computed.

    For a model that reads deliveries, `delivered_<feed>`: those that all feeds have delivered, or
    that are no longer waited for. What is below follows it, as a rule. A restatement of an old day
    computes models by unique key up to now, and a plan of prod computes new versions of
    forward-only models in a second pass: both do not see that a day was left out above. These
    models have the signal too, which stops them where their deliveries have come to.

    Args:
        batch: Days that are to be computed, one interval each.
        snapshot: The model's.
        context: Knows the other models, and the engine.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    # Not imported above: SQLMesh would store it with the model as metadata, and with it what it
    # shares with the macro `delivery`, whose changes would then be no changes of the data.
    from operations.landing.ready import ready_intervals

    return ready_intervals(batch, snapshot, context)
