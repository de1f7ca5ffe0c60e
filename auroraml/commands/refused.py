"""Statements that PostgreSQL has and this engine does not: 0A000."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command
from auroraml.errors import FeatureNotSupported
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.Refused)
def refused(statement: st.Refused, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """Refuse at the statement's beginning."""
    raise FeatureNotSupported(f"{statement.feature} is not supported", at=statement.start)
