"""What SQLMesh asks before it loads deliveries."""

from sqlmesh import DatetimeRanges, ExecutionContext, signal


@signal()
def day_is_delivered(batch: DatetimeRanges, context: ExecutionContext) -> DatetimeRanges:
    """The days that can be loaded: all feeds have delivered them, or are no longer waited for.

    Args:
        batch: Days that are to be loaded, one interval each.
        context: Knows the models that have this signal, `delivered_<feed>`, and the engine.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    # Not imported above: SQLMesh would store it with the model as metadata, and with it what it
    # shares with the macro `delivery`, whose changes would then be no changes of the data.
    from operations.deliveries import ready_intervals

    return ready_intervals(batch, context)
