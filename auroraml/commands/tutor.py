"""EXPLAIN (TUTOR): the statement's trace, given to whoever listens, and its story (an option of ours)."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host
from auroraml.commands.plan_source import Chosen
from auroraml.explain import Explained
from auroraml.ir.physical import PhysicalPlan
from auroraml.services.log import CallRecord
from auroraml.settings.aurora import APG_ENABLE_FUNCTION_MIGRATION, AURORAML_WARN_DOUBLE_CALLS
from auroraml.settings.services import AURORAML_CLOCK
from auroraml.sql import statements as st
from auroraml.teach.story import story
from auroraml.teach.trace import LISTENER
from auroraml.teach.tracing import Seen, Watch, traced


class Tutor:
    """Watches one statement from before it is planned; `told` ends it."""

    def __init__(self, host: Host, query: st.Query | None) -> None:
        self.host = host
        self.query = query
        self.watch = Watch()
        self._calls = self._last()

    def _last(self) -> int:
        return max((number for number, _ in self.host.services.log.numbered()), default=0)

    def _sent(self) -> tuple[CallRecord, ...]:
        host = self.host
        return tuple(record for number, record in host.services.log.numbered() if number > self._calls and record.pid == host.services.caller.pid)

    def _unmigrated(self, chosen: Chosen, params: tuple[Bound, ...]) -> PhysicalPlan | None:
        """The plan without function migration; None where that is the same."""
        if not any(decision.rule.moves for decision in chosen.migrations.decisions):
            return None
        with self.host.settings.trying({APG_ENABLE_FUNCTION_MIGRATION: False, AURORAML_WARN_DOUBLE_CALLS: False}):
            return self.host.plan_with_decisions(chosen.bound, params)[0]

    def told(self, explained: Explained, chosen: Chosen, params: tuple[Bound, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The story: the title and the lines of each stage."""
        host = self.host
        seen = Seen(
            explained=explained, bound=chosen.bound, watch=self.watch, resolve=host.catalog.type, query=self.query,
            unmigrated=self._unmigrated(chosen, () if chosen.reused else params), calls=self._sent() if explained.options.analyze else (),
            bill=host.services.account.running().listed(), currency=host.services.account.prices.currency,
            prices=host.services.account.prices.name, virtual=host.settings[AURORAML_CLOCK] == "virtual",
        )  # fmt: skip
        trace = traced(seen)
        listener = LISTENER.get()
        if listener is not None:
            listener(trace)
        return story(trace)
