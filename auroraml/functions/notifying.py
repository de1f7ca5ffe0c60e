"""pg_notify and what there is to know of channels."""

from __future__ import annotations

from auroraml.errors import ReadOnlySqlTransaction
from auroraml.functions.signature import CallContext, rows, scalar


@scalar("pg_notify(text,text)", face="datum", context=True)
def pg_notify(ctx: CallContext, channel: str | None, payload: str | None) -> str:
    """NOTIFY with a channel and a payload that are computed."""
    if ctx.host.reader:
        raise ReadOnlySqlTransaction("cannot execute NOTIFY during recovery")
    ctx.host.notify(channel, payload)
    return ""


@rows("pg_listening_channels()", context=True)
def pg_listening_channels(ctx: CallContext) -> list[tuple[str]]:
    """The channels this session listens to."""
    return [(channel,) for channel in ctx.host.hub.listeners.heard_by(ctx.host)]


@scalar("pg_notification_queue_usage()", face="datum", context=True, raises=False)
def pg_notification_queue_usage(ctx: CallContext) -> float:
    """How full the queue is: notifications go to their listeners at once."""
    return 0.0
