"""Random queries over a schema: inner joins with filters, groups, order and limit, and everything else that plans have to do with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.property.plans.schema import Column, Domain, Schema, Table

NUMBERS = ("int", "bigint", "numeric")
FEATURES = ("outer", "semi", "from", "cte", "lateral", "set", "window", "distinct", "scalar", "values", "function")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column in scope: how it is written, what it holds, the table it comes from and the key it holds."""

    sql: str
    name: str
    domain: Domain
    table: str = ""
    references: str | None = None

    @property
    def type(self) -> str:
        """Its type's name."""
        return self.domain.type


@dataclass(frozen=True, kw_only=True)
class Item:
    """A FROM item as written, with its columns."""

    sql: str
    fields: tuple[Field, ...]
    lateral: bool = False


Scope = list[Field]


def inner_query(schema: Schema, seed: str) -> str:
    """A query of 1 to 6 tables joined by inner joins."""
    queries = Queries(schema, Random(seed), ())
    return queries.select(queries.random.choice((1, 1, 2, 2, 3, 3, 4, 5, 6)))[0]


def other_query(schema: Schema, seed: str) -> str:
    """A query with one to three of the other features."""
    random = Random(seed)
    features = random.sample(FEATURES, random.choice((1, 1, 1, 2, 2, 3)))
    queries = Queries(schema, random, features)
    size = random.choice((1, 2, 2, 3, 3, 4))
    if "set" in features:
        return queries.set_operation(size)
    return queries.select(max(size, 2) if "outer" in features or "lateral" in features else size)[0]


class Queries:
    """Queries that use some features."""

    def __init__(self, schema: Schema, random: Random, features: Sequence[str]) -> None:
        self.random = random
        self.schema = schema
        self.features = features
        self.names = 0
        self.with_items: list[tuple[str, str, tuple[Field, ...]]] = []

    # Parts

    def chance(self, share: float) -> bool:
        """True in so many cases."""
        return self.random.random() < share

    def has(self, feature: str, share: float = 0.6) -> bool:
        """Whether to use a feature here."""
        return feature in self.features and self.chance(share)

    def alias(self) -> str:
        """A name not used before."""
        self.names += 1
        return f"r{self.names}"

    def table_item(self, table: Table) -> Item:
        """A table under a new name."""
        alias = self.alias()
        return Item(sql=f"{table.name} {alias}", fields=tuple(_field(alias, table, c) for c in table.columns))

    def item(self, scope: Scope, joined: bool) -> Item:
        """Something for FROM; `joined`: columns of `scope` may be read by LATERAL."""
        if joined and scope and self.has("lateral", 0.7):
            return self._lateral(scope)
        if self.has("from", 0.5):
            return self._subquery([])
        if self.with_items and self.has("cte", 0.6):
            name, _, fields = self.random.choice(self.with_items)
            alias = self.alias()
            return Item(sql=f"{name} {alias}", fields=tuple(_renamed(f, alias) for f in fields))
        if self.has("values", 0.4):
            return self._values()
        if self.has("function", 0.4):
            return self._function(scope if joined else [])
        return self.table_item(self.random.choice(self.schema.tables))

    def _subquery(self, outer: Scope) -> Item:
        alias = self.alias()
        simple = Queries(self.schema, self.random, tuple(f for f in self.features if f in ("outer", "semi", "window") and self.chance(0.4)))
        simple.names = self.names + 100
        kind = self.random.choice(("plain", "group", "distinct", "limit", "union"))
        size = self.random.choice((1, 1, 2))
        if kind == "union":
            sql, fields = simple.union_all()
        else:
            sql, fields = simple.select(size, kind=kind, outer=outer)
        self.names = simple.names
        fields = tuple(_renamed(f, alias) for f in fields)
        return Item(sql=f"({sql}) {alias}", fields=fields)

    def _lateral(self, scope: Scope) -> Item:
        made = self._subquery(scope) if self.chance(0.8) else self._function(scope)
        return Item(sql=f"LATERAL {made.sql}", fields=made.fields, lateral=True)

    def _values(self) -> Item:
        alias = self.alias()
        n = self.random.choice((1, 2, 5, 12))
        domains = [Domain(type=self.random.choice(("int", "text", "int")), distinct=20) for _ in range(self.random.choice((1, 2)))]
        rows = ", ".join(f"({', '.join(d.literal(self.random.randint(0, 20)) for d in domains)})" for _ in range(n))
        names = ["x", "y"][: len(domains)]
        fields = tuple(Field(sql=f"{alias}.{name}", name=name, domain=d) for name, d in zip(names, domains, strict=True))
        return Item(sql=f"(VALUES {rows}) {alias}({', '.join(names)})", fields=fields)

    def _function(self, scope: Scope) -> Item:
        alias = self.alias()
        ints = [f for f in scope if f.type == "int"]
        end = self.random.choice(ints).sql if ints and self.chance(0.5) else str(self.random.choice((1, 5, 30, 2000)))
        field = Field(sql=f"{alias}.n", name="n", domain=Domain(type="int", distinct=30))
        return Item(sql=f"generate_series(1, {end}) {alias}(n)", fields=(field,))

    # Conditions

    def literal(self, field: Field) -> str:
        """A value of a column, sometimes one that it does not hold."""
        return field.domain.literal(self.random.randint(0, int(field.domain.distinct * 1.05) + 1))

    def filter(self, fields: Scope) -> str:
        """A condition over some columns."""
        field = self.random.choice(fields)
        kind = self.random.random()
        if kind < 0.34:
            return f"{field.sql} = {self.literal(field)}"
        if kind < 0.62:
            return f"{field.sql} {self.random.choice(('<', '>', '<=', '>=', '<>'))} {self.literal(field)}"
        if kind < 0.70:
            return f"{field.sql} BETWEEN {self.literal(field)} AND {self.literal(field)}"
        if kind < 0.78:
            return f"{field.sql} IN ({', '.join(self.literal(field) for _ in range(self.random.choice((2, 3, 5, 10))))})"
        if kind < 0.84:
            return f"{field.sql} IS {self.random.choice(('', 'NOT '))}NULL"
        if kind < 0.90:
            return f"({self.filter(fields)} {self.random.choice(('OR', 'OR', 'AND'))} {self.filter(fields)})"
        if kind < 0.94:
            same = [f for f in fields if f.type == field.type and f.sql != field.sql]
            if same:
                return f"{field.sql} {self.random.choice(('=', '<', '<>'))} {self.random.choice(same).sql}"
        if field.type == "text":
            return f"{field.sql} {self.random.choice(('LIKE', 'LIKE', 'NOT LIKE'))} '{self.random.choice(('word 1%', 'a%', '%1%', 'word _', 'x%3'))}'"
        if field.type in NUMBERS:
            return f"{field.sql} {self.random.choice(('+', '*', '%'))} 3 {self.random.choice(('=', '<', '>'))} {self.random.randint(0, 30)}"
        return f"{field.sql} >= {self.literal(field)}"

    def join_condition(self, left: Scope, right: Scope) -> str | None:
        """An equality between two sides: by a foreign key where there is one, else of columns of like types."""
        keyed = [f"{a.sql} = {b.sql}" for a in left for b in right if _key_pair(a, b)]
        if keyed and self.chance(0.75):
            return self.random.choice(keyed)
        like = [f"{a.sql} = {b.sql}" for a in left for b in right if _joinable(a.type, b.type)]
        return self.random.choice(like) if like else None

    def on(self, left: Scope, right: Scope, outer: bool) -> str:
        """A join's condition, with further ones at times."""
        condition = self.join_condition(left, right)
        parts = [] if condition is None else [condition]
        if self.chance(0.12):
            more = self.join_condition(left, right)
            parts += [] if more is None or more in parts else [more]
        if self.chance(0.25 if outer else 0.1):
            parts.append(self.filter([*left, *right]))
        return " AND ".join(parts) if parts else "true"

    # FROM

    def source(self, size: int, outer: Scope) -> tuple[str, Scope, list[str]]:
        """FROM's text, its columns, and conditions that belong in WHERE."""
        first = self.item(list(outer), bool(outer) and self.chance(0.1))
        text, scope, where = first.sql, list(first.fields), list[str]()
        explicit = self.chance(0.4) or "outer" in self.features
        while size > 1:
            size -= 1
            if size > 1 and self.has("outer", 0.15):
                size -= 1
                one, two = self.item([], False), self.item([], False)
                kind = self._kind()
                inside = f"({one.sql} {kind} JOIN {two.sql} ON {self.on(list(one.fields), list(two.fields), True)})"
                added = Item(sql=inside, fields=one.fields + two.fields)
            else:
                added = self.item(scope, True)
            fields = list(added.fields)
            if not explicit or (added.lateral and self.chance(0.5)):
                condition = self.join_condition(scope, fields)
                if condition is not None and not (added.lateral and self.chance(0.5)):
                    where.append(condition)
                text, explicit = f"{text}, {added.sql}", False
            else:
                kind = self._kind() if self.has("outer", 0.7) else "INNER"
                if added.lateral and kind in ("RIGHT", "FULL"):
                    kind = "LEFT"
                readable = _last_scope(text, scope)
                if "generate_series(1, r" in added.sql and kind in ("RIGHT", "FULL"):
                    kind = "LEFT"
                text = f"{text} {kind} JOIN {added.sql} ON {self.on(readable, fields, kind != 'INNER')}"
            scope += fields
        return text, scope, where

    def _kind(self) -> str:
        return self.random.choice(("LEFT", "LEFT", "LEFT", "LEFT", "RIGHT", "FULL", "INNER"))

    # Sublinks

    def sublink(self, scope: Scope) -> str:
        """EXISTS, IN or their negations."""
        inner = Queries(self.schema, self.random, ())
        inner.names = self.names + 50
        text, fields, where = inner.source(self.random.choice((1, 1, 1, 2)), [])
        self.names = inner.names
        if self.chance(0.3):
            where.append(self.filter(fields))
        kind = self.random.choice(("EXISTS", "EXISTS", "NOT EXISTS", "IN", "IN", "NOT IN"))
        if kind.endswith("EXISTS"):
            condition = self.join_condition(fields, scope)
            if condition is not None and self.chance(0.9):
                where.append(condition)
            if self.chance(0.15):
                where.append(self.filter([*fields, *scope]))
            return f"{kind} (SELECT 1 FROM {text}{_where(where)})"
        pairs = [(a, b) for a in scope for b in fields if _joinable(a.type, b.type)]
        if not pairs:
            return f"EXISTS (SELECT 1 FROM {text}{_where(where)})"
        keyed = [p for p in pairs if _key_pair(*p)]
        a, b = self.random.choice(keyed if keyed and self.chance(0.6) else pairs)
        if self.chance(0.1):
            condition = self.join_condition(fields, scope)
            where += [] if condition is None else [condition]
        return f"{a.sql} {kind} (SELECT {b.sql} FROM {text}{_where(where)})"

    def scalar(self, scope: Scope) -> tuple[str, Domain]:
        """A scalar subquery, mostly correlated."""
        inner = Queries(self.schema, self.random, ())
        inner.names = self.names + 50
        text, fields, where = inner.source(self.random.choice((1, 1, 2)), [])
        self.names = inner.names
        condition = self.join_condition(fields, scope)
        if condition is not None and self.chance(0.7):
            where.append(condition)
        field = self.random.choice(fields)
        call, domain = self.random.choice(
            ((f"max({field.sql})", field.domain), (f"min({field.sql})", field.domain), ("count(*)", Domain(type="bigint", distinct=20)))
        )
        return f"(SELECT {call} FROM {text}{_where(where)})", domain

    def where(self, scope: Scope, conditions: list[str]) -> str:
        """WHERE's text."""
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            conditions.append(self.filter(scope))
        if self.has("semi", 0.9):
            for _ in range(self.random.choice((1, 1, 2))):
                conditions.append(self.sublink(scope))
        if self.has("scalar", 0.5):
            text, domain = self.scalar(scope)
            same = [f for f in scope if _joinable(f.type, domain.type)]
            if same:
                conditions.append(f"{self.random.choice(same).sql} {self.random.choice(('=', '<', '>'))} {text}")
        self.random.shuffle(conditions)
        return _where(conditions)

    # SELECT

    def aggregate(self, scope: Scope) -> tuple[str, Domain]:
        """An aggregate over some column."""
        field = self.random.choice(scope)
        whole = Domain(type="bigint", distinct=50)
        kind = self.random.random()
        if kind < 0.35:
            return "count(*)", whole
        if kind < 0.5:
            return f"{self.random.choice(('min', 'max'))}({field.sql})", field.domain
        if kind < 0.6:
            return f"count(DISTINCT {field.sql})" if self.chance(0.4) else f"count({field.sql})", whole
        numbers = [f for f in scope if f.type in NUMBERS]
        if not numbers:
            return "count(*)", whole
        return f"{self.random.choice(('sum', 'avg'))}({self.random.choice(numbers).sql})", Domain(type="numeric", distinct=50)

    def window(self, scope: Scope) -> tuple[str, Domain]:
        """A window call."""
        part = f"PARTITION BY {self.random.choice(scope).sql}" if self.chance(0.7) else ""
        order = f"ORDER BY {self.random.choice(scope).sql}{self.random.choice(('', '', ' DESC'))}" if self.chance(0.8) else ""
        call = self.random.choice(
            ("row_number()", "rank()", "count(*)", f"sum({self.random.choice(scope).sql})", f"lag({self.random.choice(scope).sql})")
        )
        if call.startswith("sum"):
            numbers = [f for f in scope if f.type in NUMBERS]
            call = f"sum({self.random.choice(numbers).sql})" if numbers else "count(*)"
        return f"{call} OVER ({' '.join(x for x in (part, order) if x)})", Domain(type="bigint", distinct=20)

    def _targets(self, scope: Scope, kind: str) -> tuple[list[tuple[str, Domain]], list[str]]:
        """The select list, and GROUP BY's expressions."""
        fields = self.random.sample(scope, min(len(scope), self.random.choice((1, 2, 2, 3))))
        targets = [(f.sql, f.domain) for f in fields]
        if kind == "group":
            groups = [f.sql for f in fields] if self.chance(0.85) else []
            if not groups:
                targets = []
            if groups and self.chance(0.1) and fields[0].type in NUMBERS:
                groups[0] = f"{fields[0].sql} % 5"
                targets[0] = (groups[0], Domain(type=fields[0].type, distinct=5))
            return targets + [self.aggregate(scope) for _ in range(self.random.choice((1, 1, 2)))], groups
        if self.chance(0.15):
            numbers = [f for f in scope if f.type in NUMBERS]
            if numbers:
                chosen = self.random.choice(numbers)
                targets.append((f"{chosen.sql} + 1", chosen.domain))
        if self.has("window", 0.9):
            targets += [self.window(scope) for _ in range(self.random.choice((1, 1, 2)))]
        if self.has("scalar", 0.6):
            targets.append(self.scalar(scope))
        return targets, []

    def select(self, size: int, kind: str = "", outer: Scope | None = None) -> tuple[str, tuple[Field, ...]]:
        """A SELECT over so many FROM items, and its columns; `outer`: columns that WHERE may read."""
        top = not kind
        prefix = self._with() if top and "cte" in self.features else ""
        text, scope, where = self.source(size, outer or [])
        if outer:
            condition = self.join_condition(scope, outer)
            if condition is not None:
                where.append(condition)
        if not kind:
            kind = self.random.choice(("plain", "plain", "group")) if "window" not in self.features else "plain"
        targets, groups = self._targets(scope, kind)
        names = [f"c{n}" for n in range(1, len(targets) + 1)]
        lists = ", ".join(f"{sql} AS {name}" for (sql, _), name in zip(targets, names, strict=True))
        distinct = "DISTINCT " if kind == "distinct" or (kind == "plain" and self.has("distinct", 0.9)) else ""
        order = ""
        if distinct and top and self.chance(0.3):
            distinct, order = f"DISTINCT ON ({targets[0][0]}) ", f" ORDER BY {targets[0][0]}, {self.random.choice(scope).sql}"
        sql = f"{prefix}SELECT {distinct}{lists} FROM {text}{self.where(scope, where)}"
        if groups:
            sql += f" GROUP BY {', '.join(groups)}"
        if kind == "group" and self.chance(0.2):
            sql += f" HAVING count(*) > {self.random.choice((1, 3, 20))}"
        sql += order or self._order(names, distinct, scope if kind == "plain" and not distinct else [], top)
        sql += self._limit(kind, top)
        return sql, tuple(Field(sql=name, name=name, domain=domain) for name, (_, domain) in zip(names, targets, strict=True))

    def _order(self, names: list[str], distinct: str, scope: Scope, top: bool) -> str:
        if not self.chance(0.45 if top else 0.2):
            return ""
        keys = self.random.sample(names, min(len(names), self.random.choice((1, 1, 2))))
        if scope and self.chance(0.3):
            keys = [self.random.choice(scope).sql]
        return f" ORDER BY {', '.join(k + self.random.choice(('', '', '', ' DESC')) for k in keys)}"

    def _limit(self, kind: str, top: bool) -> str:
        if not (kind == "limit" or (top and self.chance(0.3))):
            return ""
        offset = f" OFFSET {self.random.choice((1, 20))}" if self.chance(0.15) else ""
        return f" LIMIT {self.random.choice((1, 3, 10, 100, 1000))}{offset}"

    def _with(self) -> str:
        """WITH and one or two queries."""
        made = []
        for number in range(self.random.choice((1, 1, 2))):
            simple = Queries(self.schema, self.random, ())
            simple.names = self.names + 100
            sql, fields = simple.select(self.random.choice((1, 2)), kind=self.random.choice(("plain", "group", "distinct", "limit")))
            self.names = simple.names
            name = f"w{number}"
            self.with_items.append((name, sql, fields))
            made.append(f"{name} AS {self.random.choice(('', '', 'MATERIALIZED ', 'NOT MATERIALIZED '))}({sql})")
        return f"WITH {', '.join(made)} "

    # Set operations

    def arm(self, types: tuple[str, ...] | None) -> tuple[str, tuple[Field, ...]]:
        """A SELECT with columns of given types (None: any) for a set operation."""
        for _ in range(20):
            text, scope, where = self.source(self.random.choice((1, 1, 2)), [])
            if types is None:
                fields = self.random.sample(scope, min(len(scope), self.random.choice((1, 2, 2))))
            else:
                fields = []
                for wanted in types:
                    fits = [f for f in scope if f.type == wanted]
                    if not fits:
                        break
                    fields.append(self.random.choice(fits))
            if types is None or len(fields) == len(types):
                made = tuple(Field(sql=f"c{n}", name=f"c{n}", domain=f.domain) for n, f in enumerate(fields, 1))
                lists = ", ".join(f"{f.sql} AS {m.name}" for f, m in zip(fields, made, strict=True))
                return f"SELECT {lists} FROM {text}{self.where(scope, where)}", made
        nulls = tuple(Field(sql=f"c{n}", name=f"c{n}", domain=Domain(type=t, distinct=1)) for n, t in enumerate(types or (), 1))
        return f"SELECT {', '.join(f'NULL::{f.type} AS {f.name}' for f in nulls)}", nulls

    def union_all(self) -> tuple[str, tuple[Field, ...]]:
        """Arms one after another."""
        first, fields = self.arm(None)
        others = [self.arm(tuple(f.type for f in fields))[0] for _ in range(self.random.choice((1, 1, 2)))]
        return self.random.choice((" UNION ALL ", " UNION ALL ", " UNION ")).join([first, *others]), fields

    def set_operation(self, size: int) -> str:
        """UNION, INTERSECT and EXCEPT of some arms."""
        sql, fields = self.arm(None)
        for _ in range(max(1, size - 2)):
            word = self.random.choice(("UNION", "UNION ALL", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"))
            other, _ = self.arm(tuple(f.type for f in fields))
            sql = f"{sql} {word} {other}" if self.chance(0.8) else f"({sql}) {word} ({other})"
        return f"{sql}{self._order([f.name for f in fields], '', [], True)}{self._limit('plain', True)}"


def _field(alias: str, table: Table, column: Column) -> Field:
    return Field(sql=f"{alias}.{column.name}", name=column.name, domain=column.domain, table=table.name, references=column.references)


def _renamed(field: Field, alias: str) -> Field:
    return Field(sql=f"{alias}.{field.name}", name=field.name, domain=field.domain)


def _joinable(a: str, b: str) -> bool:
    return a == b or {a, b} == {"int", "bigint"}


def _key_pair(a: Field, b: Field) -> bool:
    return (a.references is not None and a.references == b.table and b.name == "id") or (
        b.references is not None and b.references == a.table and a.name == "id"
    )


def _last_scope(text: str, scope: Scope) -> Scope:
    """The columns that ON may read: those of the last comma's right side."""
    depth, start = 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            start = i
    tail = text[start:]
    return [f for f in scope if f" {f.sql.split('.', 1)[0]}" in tail]


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
