"""PreparedNames: which statements with parameters a connection prepares, by psycopg's rule: those executed often, and those asked for."""

from __future__ import annotations

from collections import OrderedDict

from auroraml.dbapi.adapt import Bound

Key = tuple[str, tuple[int, ...]]  # the text and the types of its parameters


class PreparedNames:
    """Names by statement, the latest used last. `threshold`: executions before one is prepared (None: never); `most`: prepared at a time."""

    def __init__(self) -> None:
        self.threshold: int | None = 5
        self.most = 100
        self._names: OrderedDict[Key, str] = OrderedDict()
        self._counts: OrderedDict[Key, int] = OrderedDict()
        self._number = 0

    def name(self, text: str, params: tuple[Bound, ...], prepare: bool | None) -> str:
        """The name under which to run a statement; "" for one that is not to be prepared."""
        if not params or prepare is False or self.threshold is None:
            return ""
        key = (text, tuple(type.oid for type, _ in params))
        found = self._names.get(key)
        if found is not None:
            self._names.move_to_end(key)
            return found
        count = self._counts.get(key, 0)
        if count < self.threshold and not prepare:
            self._counts[key] = count + 1
            self._counts.move_to_end(key)
            if len(self._counts) > self.most:
                self._counts.popitem(last=False)
            return ""
        self._counts.pop(key, None)
        found = self._names[key] = f"_pg3_{self._number}"
        self._number += 1
        return found

    def surplus(self) -> list[str]:
        """Names of which there are too many, the least used first; they are given up."""
        return [self._names.popitem(last=False)[1] for _ in range(len(self._names) - self.most)]
