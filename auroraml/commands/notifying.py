"""LISTEN, UNLISTEN and NOTIFY: they take effect when the transaction commits."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.pipeline.result import ResultStream
from auroraml.sql.notifying import Listen, Notify, Unlisten


@command(Listen)
def listen(statement: Listen, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """LISTEN."""
    host.listen(statement.channel, True)
    return done("LISTEN")


@command(Unlisten)
def unlisten(statement: Unlisten, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """UNLISTEN."""
    host.listen(statement.channel, False)
    return done("UNLISTEN")


@command(Notify)
def notify(statement: Notify, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """NOTIFY."""
    host.notify(statement.channel, statement.payload)
    return done("NOTIFY")
