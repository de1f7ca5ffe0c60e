"""LIKE in CREATE TABLE: columns of another relation, and what is said to be included: defaults, constraints, indexes, statistics, comments."""

from __future__ import annotations

from dataclasses import replace

from auroraml.catalog.changes import SetComment
from auroraml.catalog.printing import index_column_names
from auroraml.commands.context import Host
from auroraml.commands.definitions import Draft
from auroraml.commands.naming import columns_part, free_name
from auroraml.commands.sequences import sequence_default
from auroraml.commands.statistics_objects import copy_statistics
from auroraml.errors import DuplicateColumn, DuplicateObject, InvalidTableDefinition, UndefinedTable, WrongObjectType
from auroraml.ir.expr import ColumnRef, Expr
from auroraml.ir.objects import Column, Constraint, Index, Relation
from auroraml.ir.tree import rewrite
from auroraml.sql import statements as st

CLASS, CONSTRAINT, STATISTICS = 1259, 2606, 3381  # the catalogs that comments stand under
UNSUITABLE = {"S": "sequences", "i": "indexes"}


class Likeness:
    """One LIKE clause with its source, through the making of a table."""

    def __init__(self, clause: st.LikeClause, host: Host) -> None:
        self.host = host
        self.parts = clause.parts
        self.source = self._open(clause.name)
        self.columns = [column for column in self.source.columns if not column.dropped]
        self.comments: list[tuple[tuple[int, int, int], tuple[int, int, int]]] = []  # from, to

    def _open(self, name: st.Name) -> Relation:
        try:
            found = self.host.find(name)
        except UndefinedTable as error:
            raise UndefinedTable(str(error), at=name.at) from None
        if found is None:
            raise UndefinedTable(f'relation "{name}" does not exist', at=name.at)
        kind = "i" if isinstance(found, Index) else found.kind
        if isinstance(found, Index) or kind in UNSUITABLE:
            raise WrongObjectType(
                f'relation "{found.name}" is invalid in LIKE clause', at=name.at, detail=f"This operation is not supported for {UNSUITABLE[kind]}."
            )
        if kind != "c":
            self.host.require(found, "r")
        return found

    def add_columns(self, draft: Draft) -> None:
        """Names, types and NOT NULL always; identity where it is included, by a sequence of the table's own."""
        for column in self.columns:
            if draft.column(column.name) is not None:
                raise DuplicateColumn(f'column "{column.name}" specified more than once')
            number = len(draft.relation.columns) + 1
            copied = Column(name=column.name, type=column.type, typmod=column.typmod, number=number, not_null=column.not_null,
                            collation=column.collation)  # fmt: skip
            if column.identity and "identity" in self.parts:
                copied = replace(copied, identity=column.identity, default=self._sequence(draft, column, number))
            draft.set(columns=(*draft.relation.columns, copied))
            self._comment((CLASS, self.source.oid, column.number), (CLASS, draft.relation.oid, number))

    def _sequence(self, draft: Draft, column: Column, number: int) -> Expr:
        host, relation = self.host, draft.relation
        old = next(
            r for r in host.catalog.relations()
            if r.sequence is not None and r.sequence.internal and r.sequence.owner == (self.source.oid, column.number)
        )  # fmt: skip
        assert old.sequence is not None
        made = replace(
            old, oid=host.new_oid(), name=free_name(relation.name, column.name, "seq", draft.taken), schema=relation.schema, owner=host.role.oid,
            acl=None, persistence=relation.persistence, sequence=replace(old.sequence, owner=(relation.oid, number)),
        )  # fmt: skip
        host.put(made)
        return sequence_default(host, made, column.type)

    def add_parts(self, draft: Draft) -> None:
        """Defaults, checks and indexes, each where it is included; names of checks stay, indexes get names of the table."""
        ours = {column.name: column.number for column in draft.relation.columns}
        self.numbers = {column.number: ours[column.name] for column in self.columns}
        if "defaults" in self.parts:
            defaults = {self.numbers[c.number]: c.default for c in self.columns if c.default is not None and not c.identity}
            draft.set(columns=tuple(replace(c, default=defaults[c.number]) if c.number in defaults else c for c in draft.relation.columns))
        if "generated" in self.parts:
            made = {self.numbers[c.number]: self._moved(c.generated) for c in self.columns if c.generated is not None}
            draft.set(columns=tuple(replace(c, generated=made[c.number]) if c.number in made else c for c in draft.relation.columns))
        if "constraints" in self.parts:
            for check in sorted((c for c in self.source.constraints if c.kind == "c"), key=lambda c: c.name):
                self._check(draft, check)
        if "indexes" in self.parts:
            for index in sorted(self.source.indexes, key=lambda i: i.oid):
                self._index(draft, index)

    def _moved(self, expr: Expr) -> Expr:
        return rewrite(expr, lambda node: replace(node, id=self.numbers[node.id]) if isinstance(node, ColumnRef) else None)

    def _check(self, draft: Draft, old: Constraint) -> None:
        if any(c.name == old.name for c in draft.relation.constraints):
            raise DuplicateObject(f'constraint "{old.name}" for relation "{draft.relation.name}" already exists')
        assert old.check is not None
        made = replace(old, oid=self.host.new_oid(), columns=tuple(self.numbers[n] for n in old.columns), check=self._moved(old.check), valid=True)
        draft.set(constraints=(*draft.relation.constraints, made))
        self._comment((CONSTRAINT, old.oid, 0), (CONSTRAINT, made.oid, 0))

    def _index(self, draft: Draft, old: Index) -> None:
        relation = draft.relation
        constraint = next((c for c in self.source.constraints if c.kind in "pu" and c.index == old.oid), None)
        if old.primary and any(c.kind == "p" for c in relation.constraints):
            raise InvalidTableDefinition(f'multiple primary keys for table "{relation.name}" are not allowed')
        middle = "" if old.primary else columns_part(index_column_names(old, self.source))
        label = "idx" if constraint is None else "pkey" if old.primary else "key"
        columns = tuple(self.numbers.get(n, 0) for n in old.columns)
        made = replace(
            old, oid=self.host.new_oid(), name=free_name(relation.name, middle, label, draft.taken), schema=relation.schema, relation=relation.oid,
            columns=columns, included=tuple(self.numbers[n] for n in old.included), statistics_targets=(),
            expressions=tuple(self._moved(x) for x in old.expressions), predicate=None if old.predicate is None else self._moved(old.predicate),
        )  # fmt: skip
        draft.set(indexes=(*relation.indexes, made))
        if constraint is not None:
            key = replace(constraint, oid=self.host.new_oid(), name=made.name, index=made.oid, columns=columns)
            draft.set(constraints=(*relation.constraints, key))
        self._comment((CLASS, old.oid, 0), (CLASS, made.oid, 0))

    def _comment(self, old: tuple[int, int, int], new: tuple[int, int, int]) -> None:
        self.comments.append((old, new))

    def finish(self, relation: Relation) -> None:
        """Statistics objects and comments, now that the table is in the catalog."""
        if "statistics" in self.parts:
            for old, new in copy_statistics(self.source, self.host.catalog.relation(relation.oid), self.host).items():
                self._comment((STATISTICS, old, 0), (STATISTICS, new, 0))
        if "comments" in self.parts:
            for source, (catalog, oid, column) in self.comments:
                text = self.host.catalog.comments.get(source)
                if text is not None:
                    self.host.change(SetComment(catalog=catalog, oid=oid, column=column, text=text))
