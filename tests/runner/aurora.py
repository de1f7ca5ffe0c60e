"""auroraml as an Engine."""

from __future__ import annotations

from tests.runner.outcome import Outcome


class Aurora:
    """An Engine over a fresh in-memory database, as its superuser."""

    def run(self, sql: str, session: str = "") -> Outcome:
        """The outcome of the last statement in `sql`."""
        raise NotImplementedError

    def close(self) -> None:
        """End the sessions."""
