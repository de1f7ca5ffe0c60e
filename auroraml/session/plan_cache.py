"""PlanCache: what was bound and planned for a statement's exact text, while doing it again would come to the same; EXPLAIN does not read it."""

from __future__ import annotations

from collections import OrderedDict

from auroraml.catalog.catalog import Catalog
from auroraml.errors import Diagnostic
from auroraml.ir.bound import BoundStatement
from auroraml.ir.physical import PhysicalPlan
from auroraml.pipeline.pages import Answers, StoredPages
from auroraml.records import dataclass

MOST = 256

Key = tuple[object, ...]  # text, types of parameters, settings, current and session user: all that the catalog and the stored rows do not say


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A statement bound in a catalog, with its plan (None: it is planned for each parameter's value), the sizes that planning asked for, notices."""

    catalog: Catalog
    bound: BoundStatement
    plan: PhysicalPlan | None = None
    answers: Answers | None = None
    notices: tuple[Diagnostic, ...] = ()


class PlanCache:
    """The latest statements of one session. Any change of the catalog, statistics included, and none but that makes a new Catalog."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Key, Entry] = OrderedDict()

    def find(self, key: Key, catalog: Catalog, pages: StoredPages) -> Entry | None:
        """What was kept, where it would be made again as it is."""
        entry = self._entries.get(key)
        if entry is None or entry.catalog is not catalog or (entry.answers is not None and not entry.answers.hold(pages)):
            return None
        self._entries.move_to_end(key)
        return entry

    def keep(self, key: Key, entry: Entry) -> None:
        """Keep what was just made."""
        self._entries[key] = entry
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Let go of all."""
        self._entries.clear()
