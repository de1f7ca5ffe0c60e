"""SELECT, VALUES, INSERT, UPDATE, DELETE: bound, planned and run."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.Query)
def query(statement: st.Query, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """A query or DML statement."""
    return host.run_query(statement, params)
