"""AlikeTexts: statements that differ in their literals alone and take a shortcut, whose plan is then made once for all of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from auroraml import sql
from auroraml.commands.context import Bound
from auroraml.commands.plan_source import PlanSource
from auroraml.errors import DatabaseError
from auroraml.executor.shortcuts import shortcut_of
from auroraml.planner.binder.literals import number
from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.literals import Lifted, lifted
from auroraml.types.table import UNKNOWN

if TYPE_CHECKING:
    from auroraml.session.session import Session

MOST = 256
Key = tuple[object, ...]  # text, which of its literals are strings, types


class Alike(NamedTuple):
    """A statement with $n for its literals, and where its plan comes from; no source: it has to be read, bound and planned with each text."""

    query: st.Query | None
    source: PlanSource | None
    settings: object  # those that it was made under


class AlikeTexts:
    """Of one session. What a shortcut answers does not depend on the plan, so that literals may stand for others of their types."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._kept: OrderedDict[Key, Alike | None] = OrderedDict()

    def find(self, text: str) -> tuple[st.Query, PlanSource, tuple[Bound, ...]] | None:
        """The query that a text is, the source of its plan, and the literals; None for one that has to go the long way."""
        found = lifted(text)
        if found is None:
            return None
        values = tuple([(UNKNOWN, value) if string else _number(value) for string, value in zip(found.strings, found.values, strict=True)])
        key = (found.text, found.strings, *[type.oid for type, _ in values])
        if key not in self._kept:  # most texts come once
            self._keep(key, None)
            return None
        alike = self._kept[key]
        settings = self.session.settings.key()
        if alike is None or alike.settings != settings:
            alike = self._made(found, values, settings)
            self._keep(key, alike)
        if alike.query is None or alike.source is None:
            return None
        query = alike.query
        return replace(query, text=text, end=query.end + len(text) - len(found.text)), alike.source, values

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()

    def _keep(self, key: Key, alike: Alike | None) -> None:
        self._kept[key] = alike
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def _made(self, found: Lifted, values: tuple[Bound, ...], settings: object) -> Alike:
        refused = Alike(None, None, settings)
        try:
            statements = sql.parse(found.text)
            if len(statements) != 1 or not isinstance(statements[0], st.Query):
                return refused
            query = statements[0]
            source = PlanSource(query, self.session.bind(query, values), self.session)
            short = shortcut_of(source.generic(self.session).plan)
        except DatabaseError:  # the text itself says what is wrong
            return refused
        return Alike(query, source, settings) if short is not None and short.bare else refused


def _number(text: str) -> Bound:
    constant = number(text, 0)
    return constant.type, constant.value
