"""Actions of foreign keys: rows whose key went away or changed take the rows that refer to them along, all those of a statement at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, ConstVector, FixedVector, Index, Vector, from_datums
from auroraml.errors import DatabaseError
from auroraml.evaluate import Frame, compile
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import build
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import Metrics
from auroraml.ir.objects import EVENTS, Column, Constraint, Relation
from auroraml.types.table import INT8

if TYPE_CHECKING:
    from auroraml.executor.references import References

SOURCE = 0  # the work table that a statement of ours reads its rows from


class ReferenceActions:
    """What a statement on a relation does to the rows that refer to it (ri_triggers.c)."""

    def __init__(self, references: References, gone: Batch, came: Batch | None, changed: Collection[int] | None) -> None:
        self.references = references
        self.relation = references.relation
        self.ctx = references.ctx
        self.gone = gone
        self.came = came
        self.changed = None if came is None else changed
        self.others = references.concerned(came is None, self.changed)
        self.acting = [reference for reference in self.others if self.action(reference[1]) in "cnd"]

    def action(self, constraint: Constraint) -> str:
        """What the foreign key does now."""
        return constraint.on_delete if self.came is None else constraint.on_update

    def run(self, before: Callable[[int], None] | None) -> None:
        """Actions and checks in PostgreSQL's order, as far as it can be told; `before` calls the triggers of the rows before one."""
        start = 0
        while start < self.gone.n:  # once, but where single_file says or a check fails
            stop, together = start + 1, False
            if not self._single_file():
                failure = self.references.first_failure(self.gone, self.came, self.changed, start, passive=True)
                stop = self.gone.n if failure is None else max(failure[0], stop)
                together = failure is None or failure[0] >= stop
            if before is not None:
                before(start)
            gone, came = self.gone.slice(start, stop), None if self.came is None else self.came.slice(start, stop)
            for other, constraint in self.acting if together else self.others:
                if constraint.oid in {c.oid for _, c in self.acting}:
                    self._act(other, constraint, gone, came)
                else:
                    self.references.refuse(self.references.referred_to([(other, constraint)], gone, came))
            if not together and came is not None:
                self.references.refuse(self.references.without_target(came, self.changed))
            start = stop

    def _single_file(self) -> bool:
        """Whether row after row has its turn: triggers may look at what was done for the rows before, and of two keys of a table the one may change
        what the other finds."""
        if self.gone.n < 2:
            return True
        bit = EVENTS["delete" if self.came is None else "update"]
        if any(t.row and not t.before and t.kind & bit and t.enabled in "OA" for t in self.relation.triggers):
            return True
        acting = [other.oid for other, _ in self.acting]
        if any(other.triggers for other, _ in self.acting):
            return True
        several = {oid for oid in acting if sum(other.oid == oid for other, _ in self.others) > 1}
        return any(self.came is not None or self.action(constraint) != "c" for other, constraint in self.others if other.oid in several)

    def _act(self, other: Relation, constraint: Constraint, gone: Batch, came: Batch | None) -> None:
        """One key's action for these rows: a statement on the referring table, whose own triggers wait for the end of the one that runs."""
        keys = self.references.keys(constraint, gone)
        news = None if came is None else self.references.keys(constraint, came)
        rows = self.references.altered(constraint, keys, news)
        if not len(rows):
            return
        keys = [key.take(rows).flat() for key in keys]
        news = None if news is None else [key.take(rows).flat() for key in news]
        action = self.action(constraint)
        try:
            with self.ctx.host.acting_as(other.owner):
                for privilege in ("r", "d" if action == "c" and came is None else "w"):
                    self.ctx.host.require(other, privilege)
                numbers, of = self._referring(other, constraint, keys)
                if len(numbers):
                    self._change(other, constraint, action, numbers, None if news is None else [key.take(of).flat() for key in news])
        except DatabaseError as error:
            line = f'SQL statement "{self._statement(other, constraint, action)}"'
            error.diag.context = line if not error.diag.context else f"{error.diag.context}\n{line}"
            raise
        if action == "d":  # the default may be the key that went away: nothing has changed then, and nothing would be checked
            self.references.refuse(self.references.referred_to([(other, constraint)], gone, came))

    def _referring(self, other: Relation, constraint: Constraint, keys: Sequence[Vector]) -> tuple[Index, Index]:
        """The rows that refer to `keys`, held against other writers, and which key each refers to."""
        references, ctx = self.references, self.ctx
        table = ctx.store.table(other.oid)
        while True:
            there, sought, types = references.alike(constraint, other, references.stored(other, constraint.columns), self.relation, keys)
            mine, theirs = Matcher(sought, types, sought[0].n).pairs(there, there[0].n)
            whole = np.logical_and.reduce([vector.valid for vector in there])[mine]
            mine, theirs = mine[whole], theirs[whole]
            visible = ctx.store.visible(table, ctx.transaction)
            numbers = mine if visible is None else visible[mine]
            if not len(ctx.store.claim(table, numbers, ctx.transaction, ctx.check_cancel)):
                return numbers, theirs
            ctx.transaction.statement()  # others have changed some of them and committed: look again

    def _change(self, other: Relation, constraint: Constraint, action: str, numbers: Index, keys: Sequence[Vector] | None) -> None:
        """Delete the rows, or change their columns."""
        ctx = self.ctx.nested({})
        ctx.catalog = self.ctx.host.catalog
        ctx.user = self.ctx.host.current_role
        ctx.measured, ctx.metrics = self.ctx.measured, Metrics(triggers=self.ctx.metrics.triggers)
        ctx.at_end, ctx.statements = self.ctx.at_end, self.ctx.statements
        columns = [] if action == "c" and keys is None else self._columns(other, constraint, action)
        vectors = [*self._values(columns, constraint, action, len(numbers), keys), FixedVector(numbers.astype(np.int64))]
        ctx.work_tables = {SOURCE: Batch.of(vectors, len(numbers))}
        types = [*(column.type for column in columns), INT8]
        source = p.WorkTableScan(
            work_table=SOURCE, alias=other.name, columns=tuple(p.ScanColumn(number=i, name="", type=type) for i, type in enumerate(types))
        )
        running = build(p.ModifyTable(
            operation="Update" if columns else "Delete", relation=other, alias=other.name, source=source,
            assigned=tuple(column.number for column in columns), row_id=len(columns),
        ), ctx)  # fmt: skip
        running.drain()
        running.close()

    def _columns(self, other: Relation, constraint: Constraint, action: str) -> list[Column]:
        """The columns that an update sets."""
        numbers = constraint.columns_set if constraint.columns_set and self.came is None and action in "nd" else constraint.columns
        return [next(c for c in other.columns if c.number == number) for number in numbers]

    def _values(self, columns: Sequence[Column], constraint: Constraint, action: str, n: int, keys: Sequence[Vector] | None) -> Iterator[Vector]:
        """What the columns become: the new key, the default or NULL."""
        for i, column in enumerate(columns):
            if action == "c" and keys is not None:
                key = next(c for c in self.relation.columns if c.number == constraint.foreign_columns[i])
                given = e.InputRef(type=key.type, typmod=key.typmod, index=i, name=key.name)
                value = self.ctx.host.coerced(given, column.type, column.typmod, column.name)
                yield compile(value)(Frame(n=n, sides=(Batch.of(list(keys), n),), ctx=self.ctx)).flat()
            elif action == "d" and column.default is not None:
                yield compile(column.default)(Frame(n=n, sides=(Batch([], n),), ctx=self.ctx)).flat()
            else:
                element = self.ctx.catalog.find_type_oid(column.type.element) if column.type.is_array else None
                yield ConstVector(from_datums(column.type, [None], element), n).flat()

    def _statement(self, other: Relation, constraint: Constraint, action: str) -> str:
        """The statement that PostgreSQL runs, for an error's context."""
        table = f"ONLY {_quoted(other.schema)}.{_quoted(other.name)}"
        cascaded = action == "c" and self.came is not None
        sets: list[str] = []
        for i, column in enumerate(self._columns(other, constraint, action)):
            sets.append(f"{_quoted(column.name)} = {f'${i + 1}' if cascaded else 'NULL' if action == 'n' else 'DEFAULT'}")
        tests: list[str] = []
        for i, number in enumerate(constraint.columns):
            own = next(c for c in other.columns if c.number == number)
            key = next(c for c in self.relation.columns if c.number == constraint.foreign_columns[i])
            given, wanted = f"${i + 1 + (len(sets) if cascaded else 0)}", _quoted(own.name)
            tests.append(" OPERATOR(pg_catalog.=) ".join((given + _cast(key), wanted + _cast(own))))
        begin = f"DELETE FROM {table}" if action == "c" and self.came is None else f"UPDATE {table} SET {', '.join(sets)}"
        return f"{begin} WHERE {' AND '.join(tests)}"


def _quoted(name: str) -> str:
    """quoteOneName."""
    return '"' + name.replace('"', '""') + '"'


def _cast(column: Column) -> str:
    """The cast to the type that has the equality: of varchar, text (ri_GenerateQual)."""
    return "::pg_catalog.text" if column.type.name == "varchar" else ""
