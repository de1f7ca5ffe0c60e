"""Foreign keys, looked at when a statement's rows are in place: new keys must be there, old ones no longer referred to, or their rows go along."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, Index, Mask, Vector, concat
from auroraml.catalog.simulated import refuse_rows
from auroraml.errors import ForeignKeyViolation
from auroraml.evaluate.keys import codes_of
from auroraml.executor.matching import Matcher
from auroraml.executor.reference_actions import ReferenceActions
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Constraint, Relation
from auroraml.lazy import load
from auroraml.storage.transactions import Transaction
from auroraml.types.casts import cast_vector, find_cast
from auroraml.types.pg_type import PgType
from auroraml.types.text import datum_out

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext
    from auroraml.executor.deferred_references import DeferredReferences

TRIGGER = "RI_ConstraintTrigger"  # PostgreSQL makes four for a constraint; here their numbers are its own with one digit more
Reference = tuple[Relation, Constraint]


class References:
    """The foreign keys of a relation, and those of others that refer to it."""

    def __init__(self, relation: Relation, ctx: ExecutionContext, *, late: bool = False) -> None:
        self.relation = relation
        self.ctx = ctx
        self.late = late  # at the end of the transaction: rows that came may have gone since
        self.own = [c for c in relation.constraints if c.kind == "f"]
        self.others = self._referring()

    def _referring(self) -> list[Reference]:
        computed = self.ctx.catalog.computed
        found: dict[int, list[Reference]] | None = computed.get("#references")
        if found is None:
            found = {}
            computed["#references"] = found
            for other in self.ctx.catalog.relations():
                for constraint in other.constraints:
                    if constraint.kind == "f":
                        found.setdefault(constraint.foreign, []).append((other, constraint))
        return list(found.get(self.relation.oid, ()))

    def check(
        self, gone: Batch | None, came: Batch | None, changed: Collection[int] | None = None, before: Callable[[int], None] | None = None
    ) -> None:
        """23503 for the first row that breaks a foreign key; `before` does what is done for the rows before it, which may mend it.

        `changed`: the columns that an UPDATE has assigned; None where all may have been.
        """
        if any(c.deferrable for c in self.own) or any(c.deferrable for _, c in self.others):
            now = deferred_of(self.ctx.transaction).put_off(self, gone, came, None if gone is None else changed)
            if now is not self:
                now.look(gone, came, changed, before)
                return
        self.look(gone, came, changed, before)

    def look(self, gone: Batch | None, came: Batch | None, changed: Collection[int] | None, before: Callable[[int], None] | None) -> None:
        """What `check` does, of foreign keys that do not wait."""
        if gone is not None and self._acting(came is None):
            ReferenceActions(self, gone, came, changed).run(before)
            return
        row = 0
        while (failure := self.first_failure(gone, came, changed, row)) is not None:
            row = failure[0]
            if before is not None:
                before(row)
                failure = self.first_failure(gone, came, changed, row)
            if failure is not None and failure[0] == row:
                raise failure[1]

    def _acting(self, deleted: bool) -> bool:
        """Whether foreign keys of other tables do more than to refuse."""
        return any((constraint.on_delete if deleted else constraint.on_update) in "cnd" for _, constraint in self.others)

    def concerned(self, deleted: bool, changed: Collection[int] | None) -> list[Reference]:
        """The foreign keys that look at rows that go away, in the order of their triggers' names: those of which no column changed do not."""
        found = [(other, c) for other, c in self.others if changed is None or any(number in changed for number in c.foreign_columns)]
        return sorted(found, key=lambda reference: _trigger(reference[1], deleted))

    def first_failure(
        self, gone: Batch | None, came: Batch | None, changed: Collection[int] | None, start: int = 0, *, passive: bool = False
    ) -> tuple[int, Exception] | None:
        """The first row from `start` on that breaks a foreign key, and the error that says so; `passive`: of those that do nothing but refuse."""
        found: list[tuple[int, Exception]] = []
        if came is not None and self.own:
            found += self.without_target(came.slice(start, came.n), None if gone is None else changed)
        if gone is not None and self.others:
            others = self.concerned(came is None, None if came is None else changed)
            if passive:
                others = [(other, c) for other, c in others if (c.on_delete if came is None else c.on_update) not in "cnd"]
            found += self.referred_to(others, gone.slice(start, gone.n), None if came is None else came.slice(start, came.n))
        first = min(found, key=lambda failure: failure[0], default=None)
        return None if first is None else (first[0] + start, first[1])

    @staticmethod
    def refuse(failures: Iterable[tuple[int, Exception]]) -> None:
        """Raise the first row's failure."""
        first = min(failures, key=lambda failure: failure[0], default=None)
        if first is not None:
            raise first[1]

    def without_target(self, batch: Batch, changed: Collection[int] | None) -> Iterator[tuple[int, Exception]]:
        """By foreign key the first new row whose key is not there; keys without a column of `changed` are those of before."""
        for constraint in self.own:
            if changed is not None and not any(number in changed for number in constraint.columns):
                continue
            target = self.ctx.catalog.relation(constraint.foreign)
            keys = _keys(self.relation, constraint.columns, batch)
            own, stored, types = self.alike(constraint, self.relation, keys, target, self.stored(target, constraint.foreign_columns))
            missing = self._unmatched(own, stored, types, batch.n)
            if len(missing) and (self.late or target.oid == self.relation.oid):
                missing = self._still(constraint, keys, missing)
            if len(missing):
                names, values = self._shown(self.relation, constraint.columns, keys, int(missing[0]))
                yield int(missing[0]), ForeignKeyViolation(
                    f'insert or update on table "{self.relation.name}" violates foreign key constraint "{constraint.name}"',
                    detail=f'Key ({names})=({values}) is not present in table "{target.name}".',
                    schema=self.relation.schema, table=self.relation.name, constraint=constraint.name,
                )  # fmt: skip

    def _still(self, constraint: Constraint, keys: Sequence[Vector], rows: Index) -> Index:
        """Those of `rows` whose key some row has: of others the row itself was taken away, or got another key, by the key's own action."""
        there = self.stored(self.relation, constraint.columns)
        types = [_type(self.relation, number) for number in constraint.columns]
        return rows[Matcher(there, types, there[0].n).contains([key.take(rows).flat() for key in keys], len(rows))]

    def referred_to(self, others: Iterable[Reference], batch: Batch, came: Batch | None) -> Iterator[tuple[int, Exception]]:
        """By foreign key the first row that went away while another table refers to its key; RESTRICT does not ask whether another row has it now."""
        for other, constraint in others:
            keys = _keys(self.relation, constraint.foreign_columns, batch)
            if (constraint.on_delete if came is None else constraint.on_update) == "r":
                gone = self.altered(constraint, keys, None if came is None else _keys(self.relation, constraint.foreign_columns, came))
            else:
                here = self.stored(self.relation, constraint.foreign_columns)
                gone = self._unmatched(keys, here, [_type(self.relation, number) for number in constraint.foreign_columns], batch.n)
            if not len(gone):
                continue
            lost = [key.take(gone).flat() for key in keys]
            there, sought, types = self.alike(constraint, other, self.stored(other, constraint.columns), self.relation, lost)
            hit = np.flatnonzero(Matcher(there, types, there[0].n).contains(sought, len(gone)))
            if len(hit):
                names, values = self._shown(self.relation, constraint.foreign_columns, lost, int(hit[0]))
                yield int(gone[hit[0]]), ForeignKeyViolation(
                    f'update or delete on table "{self.relation.name}" violates foreign key constraint "{constraint.name}" on table "{other.name}"',
                    detail=f'Key ({names})=({values}) is still referenced from table "{other.name}".',
                    schema=other.schema, table=other.name, constraint=constraint.name,
                )  # fmt: skip

    def keys(self, constraint: Constraint, batch: Batch) -> list[Vector]:
        """The keys of rows of this relation that the foreign key of another refers to."""
        return _keys(self.relation, constraint.foreign_columns, batch)

    def altered(self, constraint: Constraint, keys: Sequence[Vector], others: Sequence[Vector] | None) -> Index:
        """The rows whose keys are whole, and not the same in `others` (RI_FKey_pk_upd_check_required)."""
        return np.flatnonzero(self._altered([_type(self.relation, number) for number in constraint.foreign_columns], keys, others))

    @staticmethod
    def _altered(types: Sequence[PgType], keys: Sequence[Vector], others: Sequence[Vector] | None) -> Mask:
        whole: Mask = np.logical_and.reduce([key.valid for key in keys])
        if others is None:
            return whole
        n = len(whole)
        codes = [codes_of(concat([key, other]), type)[0] for key, other, type in zip(keys, others, types, strict=True)]
        differs: Mask = np.logical_or.reduce([code[:n] != code[n:] for code in codes])
        return whole & differs

    def calls(self, gone: Batch | None, came: Batch | None) -> Iterator[tuple[str, Constraint, int]]:
        """The triggers that PostgreSQL would call for these rows: name, constraint, calls (RI_FKey_fk_upd_check_required and its kin)."""
        for constraint in self.own:
            if came is not None and not self._waits(constraint):
                keys, types = _keys(self.relation, constraint.columns, came), [_type(self.relation, number) for number in constraint.columns]
                before = None if gone is None else _keys(self.relation, constraint.columns, gone)
                changed = came.n if before is None else int(np.count_nonzero(self._altered(types, keys, before)))
                yield f"{TRIGGER}_c_{constraint.oid}{3 if gone is None else 4}", constraint, changed
        for _, constraint in self.others:
            if gone is not None and not ((constraint.on_delete if came is None else constraint.on_update) == "a" and self._waits(constraint)):
                after = None if came is None else self.keys(constraint, came)
                yield _trigger(constraint, came is None), constraint, len(self.altered(constraint, self.keys(constraint, gone), after))

    def _waits(self, constraint: Constraint) -> bool:
        """Whether the constraint looks at rows when the transaction ends."""
        return constraint.deferrable and deferred_of(self.ctx.transaction).is_late(constraint)

    def alike(
        self, constraint: Constraint, referring: Relation, keys: Sequence[Vector], target: Relation, stored: Sequence[Vector]
    ) -> tuple[list[Vector], list[Vector], list[PgType]]:
        """Referring and referenced keys of the same types, cast where they differ: to the referenced type if that is implicit."""
        left, right, types = list(keys), list(stored), [_type(target, number) for number in constraint.foreign_columns]
        for i, number in enumerate(constraint.columns):
            given, wanted = _type(referring, number), types[i]
            if given.oid == wanted.oid:
                continue
            cast = find_cast(given, wanted)
            if cast is not None and cast.context == "i":
                left[i] = cast_vector(given, wanted, -1, left[i], self.ctx.style).flat()
            else:
                right[i], types[i] = cast_vector(wanted, given, -1, right[i], self.ctx.style).flat(), given
        return left, right, types

    def _unmatched(self, keys: Sequence[Vector], stored: Sequence[Vector], types: Sequence[PgType], n: int) -> np.ndarray:
        """The rows whose keys are whole and not among `stored`."""
        usable = np.ones(n, np.bool_)
        for key in keys:
            usable &= key.valid
        return np.flatnonzero(usable & ~Matcher(stored, types, stored[0].n).contains(keys, n))

    def stored(self, relation: Relation, numbers: Sequence[int]) -> list[Vector]:
        """Columns of the rows that are in a table now."""
        store = self.ctx.store
        refuse_rows(self.ctx.catalog, relation)
        table = store.table(relation.oid)
        index = store.visible(table, self.ctx.transaction)
        live = [c.number for c in relation.columns if not c.dropped]
        columns = [table.column(live.index(n)) for n in numbers]
        return [(c if index is None else c.take(index)).flat() for c in columns]

    def _shown(self, relation: Relation, numbers: Sequence[int], keys: Sequence[Vector], row: int) -> tuple[str, str]:
        names = {c.number: c.name for c in relation.columns}
        values = [datum_out(_type(relation, n), key.datum(row), self.ctx.style) for n, key in zip(numbers, keys, strict=True)]
        return ", ".join(quote_identifier(names[n]) for n in numbers), ", ".join(values)


def deferred_of(transaction: Transaction) -> DeferredReferences:
    """What the transaction has put off."""
    if transaction.deferred is None:
        transaction.deferred = load("auroraml.executor.deferred_references").DeferredReferences(transaction)
    return transaction.deferred  # type: ignore[no-any-return] # storage knows nothing of it


def _trigger(constraint: Constraint, deleted: bool) -> str:
    """The name of the referenced table's trigger."""
    return f"{TRIGGER}_a_{constraint.oid}{1 if deleted else 2}"


def _keys(relation: Relation, numbers: Sequence[int], batch: Batch) -> list[Vector]:
    live = [c.number for c in relation.columns if not c.dropped]
    return [batch.vector(live.index(n)).flat() for n in numbers]


def _type(relation: Relation, number: int) -> PgType:
    return next(c.type for c in relation.columns if c.number == number)
