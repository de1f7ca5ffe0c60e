"""Catalog objects as SQL, as PostgreSQL's pg_get_constraintdef and its kin print them."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.catalog.builtins import aggregate_row
from auroraml.catalog.catalog import DEFAULT_PATH, Catalog
from auroraml.catalog.rule_text import RuleDeparser
from auroraml.ir import expr as e
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Constraint, Function, Index, Relation, StatisticsObject
from auroraml.sql.statements import ACTIONS
from auroraml.types.form import ObjectNames
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type


def expression_text(expr: e.Expr, catalog: Catalog, pretty: bool = False, objects: ObjectNames | None = None) -> str:
    """A default, CHECK or index expression as SQL; `objects` names the relations and types that constants refer to."""
    return RuleDeparser(None, catalog.type, pretty=pretty, objects=objects or CatalogNames(catalog)).text(expr).lstrip("\n")


class CatalogNames:
    """The names of objects that constants refer to (types.form.ObjectNames), as the default search path shows them."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def name_of(self, type: str, oid: int) -> str | None:
        """The object's name."""
        relation = self.catalog.find_relation_oid(oid) if type == "regclass" else None
        function = self.catalog.find_function(oid) if type in ("regproc", "regprocedure") else None
        if relation is not None:
            return relation_text(relation, self.catalog, DEFAULT_PATH)
        if function is not None:
            return function_text(function, self.catalog, DEFAULT_PATH)
        found = self.catalog.find_type_oid(oid) if type == "regtype" else None
        return None if found is None else type_text(found, None, self.catalog, DEFAULT_PATH)

    def oid_of(self, type: str, name: str) -> int:
        """Nothing is read here."""
        raise KeyError(name)


def type_text(type: PgType, typmod: int | None, catalog: Catalog, path: Sequence[str]) -> str:
    """The type as format_type prints it, qualified where the search path does not find it."""
    if type.is_array and type.element and type.name not in ("int2vector", "oidvector"):
        return type_text(catalog.type(type.element), typmod, catalog, path) + "[]"
    text = format_type(type, typmod, catalog.type)
    if type.schema == "pg_catalog":
        return text
    first = next((s for s in path if catalog.find_type(type.name, s) is not None), None)
    return text if first == type.schema else f"{quote_identifier(type.schema)}.{quote_identifier(type.name)}"


def relation_text(relation: Relation | Index, catalog: Catalog, path: Sequence[str]) -> str:
    """A relation's name, qualified where the search path does not find it."""
    for schema in path:
        if catalog.find_relation(relation.name, schema) is not None or catalog.find_index(relation.name, schema) is not None:
            if schema == relation.schema:
                return quote_identifier(relation.name)
            break
    return f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"


def function_text(function: Function, catalog: Catalog, path: Sequence[str]) -> str:
    """A function as regprocedure prints it: name(types), qualified where the search path does not find it."""
    types = ",".join(type_text(p.type, None, catalog, path) for p in function.inputs)
    wanted = [p.type.oid for p in function.inputs]
    seen = next((f for s in path for f in catalog.functions_named(function.name, s) if [p.type.oid for p in f.inputs] == wanted), None)
    name = quote_identifier(function.name)
    return f"{name}({types})" if seen is not None and seen.oid == function.oid else f"{quote_identifier(function.schema)}.{name}({types})"


# Constraints and indexes


def columns_text(numbers: Sequence[int], relation: Relation) -> str:
    """Attribute numbers as quoted names."""
    names = {c.number: c.name for c in relation.columns}
    return ", ".join(quote_identifier(names[n]) for n in numbers)


def constraint_text(
    constraint: Constraint, relation: Relation, catalog: Catalog, path: Sequence[str], pretty: bool = False, objects: ObjectNames | None = None
) -> str:
    """pg_get_constraintdef."""
    if constraint.kind == "c":
        assert constraint.check is not None
        text = expression_text(constraint.check, catalog, pretty, objects)
        return f"CHECK ({text})" + (" NO INHERIT" if constraint.no_inherit else "") + _attributes(constraint)
    if constraint.kind == "f":
        target = catalog.relation(constraint.foreign)
        actions = "".join(
            f" ON {event} {ACTIONS[action]}"
            for event, action in (("UPDATE", constraint.on_update), ("DELETE", constraint.on_delete))
            if action != "a"
        )
        columns_set = f" ({columns_text(constraint.columns_set, relation)})" if constraint.columns_set else ""
        return (f"FOREIGN KEY ({columns_text(constraint.columns, relation)}) REFERENCES {relation_text(target, catalog, path)}"
                f"({columns_text(constraint.foreign_columns, target)}){actions}{columns_set}{_attributes(constraint)}")  # fmt: skip
    index = next((i for i in relation.indexes if i.oid == constraint.index), None)
    included = f" INCLUDE ({columns_text(index.included, relation)})" if index is not None and index.included else ""
    return f"{'PRIMARY KEY' if constraint.kind == 'p' else 'UNIQUE'} ({columns_text(constraint.columns, relation)}){included}"


def _attributes(constraint: Constraint) -> str:
    """When a constraint is checked, where that is not at once and of all rows."""
    words = ((constraint.deferrable, " DEFERRABLE"), (constraint.deferred, " INITIALLY DEFERRED"), (not constraint.valid, " NOT VALID"))
    return "".join(word for said, word in words if said)


def index_keys(index: Index, relation: Relation, catalog: Catalog, pretty: bool = False, objects: ObjectNames | None = None) -> list[str]:
    """The keys of an index as written in CREATE INDEX, without direction."""
    names = {c.number: c.name for c in relation.columns}
    expressions = iter(index.expressions)
    found = []
    for number in (*index.columns, *index.included):
        if number:
            found.append(quote_identifier(names[number]))
        else:
            found.append(_key_text(next(expressions), catalog, pretty, objects))
    return found


def _key_text(expr: e.Expr, catalog: Catalog, pretty: bool, objects: ObjectNames | None) -> str:
    """An expression among keys: in parentheses unless it looks like a call."""
    text = expression_text(expr, catalog, pretty, objects)
    bare = (isinstance(expr, e.Call) and expr.form == "call") or isinstance(expr, (e.Coalesce, e.MinMax, e.NullIf, e.SqlValue))
    return text if bare else f"({text})"


def _option_text(value: str) -> str:
    return value if quote_identifier(value) == value else f"'{value}'"


def index_text(
    index: Index, relation: Relation, catalog: Catalog, path: Sequence[str] | None = None, pretty: bool = False, objects: ObjectNames | None = None
) -> str:
    """pg_get_indexdef: the whole CREATE INDEX; the table qualified always, or only where `path` does not find it."""
    keys = index_keys(index, relation, catalog, pretty, objects)
    directions = index.directions or ((False, False),) * len(index.columns)
    classes = [f" {name}" if name else "" for name in index.opclasses or ("",) * len(index.columns)]
    shown = [key + opclass + direction(*flags) for key, opclass, flags in zip(keys, classes, directions, strict=False)]
    table = f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}" if path is None else relation_text(relation, catalog, path)
    text = f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote_identifier(index.name)} ON {table} USING {index.method} ({', '.join(shown)})"
    if index.included:
        text += f" INCLUDE ({columns_text(index.included, relation)})"
    if index.options:
        text += f" WITH ({', '.join(f'{name}={_option_text(value)}' for name, value in index.options)})"
    if index.predicate is not None:
        predicate = expression_text(index.predicate, catalog, pretty, objects)
        text += f" WHERE {predicate}"
    return text


def direction(descending: bool, nulls_first: bool) -> str:
    """What follows an index key."""
    return (" DESC" if descending else "") + ("" if descending == nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST")


def statistics_text(statistics: StatisticsObject, catalog: Catalog, path: Sequence[str]) -> str:
    """A statistics object's name, qualified where the search path does not find it."""
    first = next((found for schema in path if (found := catalog.find_statistics(statistics.name, schema)) is not None), None)
    name = quote_identifier(statistics.name)
    return name if first is not None and first.oid == statistics.oid else f"{quote_identifier(statistics.schema)}.{name}"


def statistics_keys(statistics: StatisticsObject, relation: Relation, catalog: Catalog, objects: ObjectNames | None = None) -> list[str]:
    """The columns and expressions of a statistics object, as written in CREATE STATISTICS (pg_get_statisticsobjdef_columns)."""
    names = {c.number: c.name for c in relation.columns}
    return [quote_identifier(names[n]) for n in statistics.columns] + [_key_text(x, catalog, True, objects) for x in statistics.expressions]


def statistics_definition(
    statistics: StatisticsObject, relation: Relation, catalog: Catalog, path: Sequence[str], objects: ObjectNames | None = None
) -> str:
    """pg_get_statisticsobjdef: the whole CREATE STATISTICS; the kinds only where some are left out."""
    words = [word for letter, word in (("d", "ndistinct"), ("f", "dependencies"), ("m", "mcv")) if letter in statistics.kinds]
    several = len(statistics.columns) + len(statistics.expressions) > 1
    kinds = f" ({', '.join(words)})" if len(words) < 3 and several else ""
    name = f"{quote_identifier(statistics.schema)}.{quote_identifier(statistics.name)}"
    keys = ", ".join(statistics_keys(statistics, relation, catalog, objects))
    return f"CREATE STATISTICS {name}{kinds} ON {keys} FROM {relation_text(relation, catalog, path)}"


def index_column_names(index: Index, relation: Relation) -> list[str]:
    """pg_attribute.attname of an index's columns: the columns' names, `expr`, `expr1` or the function's name for expressions."""
    names = {c.number: c.name for c in relation.columns}
    expressions = iter(index.expressions)
    found: list[str] = []
    for number in (*index.columns, *index.included):
        if number:
            base = names[number]
        else:
            expr = next(expressions)
            base = expr.function.name if isinstance(expr, e.Call) and expr.form == "call" else "coalesce" if isinstance(expr, e.Coalesce) else "expr"
        name, count = base, 0
        while name in found:
            count += 1
            name = f"{base}{count}"
        found.append(name)
    return found


# Functions


_MODES = {"i": "", "v": "VARIADIC ", "o": "OUT ", "b": "INOUT ", "t": ""}


def _parameters(function: Function, modes: str, catalog: Catalog, path: Sequence[str], defaults: bool) -> str:
    parts = []
    for p in function.parameters:
        if p.mode not in modes:
            continue
        text = _MODES[p.mode] + (f"{quote_identifier(p.name)} " if p.name else "") + type_text(p.type, None, catalog, path)
        if defaults and p.default is not None:
            text += f" DEFAULT {expression_text(p.default, catalog)}"
        parts.append(text)
    return ", ".join(parts)


def function_arguments(function: Function, catalog: Catalog, path: Sequence[str], defaults: bool = True) -> str:
    """pg_get_function_arguments; without `defaults`, pg_get_function_identity_arguments."""
    row = aggregate_row(function.oid) if function.kind == "a" else None
    if row is not None and row[1] != "n":
        types = [type_text(p.type, None, catalog, path) for p in function.inputs]
        if function.variadic and len(types) == row[2]:
            types[-1] = "VARIADIC " + types[-1]
            types.append(types[-1])
        before = ", ".join(types[: row[2]])
        return f"{before}{' ' if before else ''}ORDER BY {', '.join(types[row[2] :])}"
    return _parameters(function, "ivob", catalog, path, defaults)


def function_result(function: Function, catalog: Catalog, path: Sequence[str]) -> str | None:
    """pg_get_function_result."""
    if function.kind == "p":
        return None
    table = _parameters(function, "t", catalog, path, False)
    if table:
        return f"TABLE({table})"
    return ("SETOF " if function.returns_set else "") + type_text(function.result, None, catalog, path)


def dollar_quoted(body: str) -> str:
    """A function's body between $function$ tags that it does not contain."""
    tag = "$function$"
    while tag in body:
        tag = tag[:-1] + "x$"
    return f"{tag}{body}{tag}"


def function_definition(function: Function, catalog: Catalog, path: Sequence[str]) -> str:
    """pg_get_functiondef."""
    word = "PROCEDURE" if function.kind == "p" else "FUNCTION"
    name = f"{quote_identifier(function.schema)}.{quote_identifier(function.name)}"
    lines = [f"CREATE OR REPLACE {word} {name}({_parameters(function, 'ivob', catalog, path, True)})"]
    result = function_result(function, catalog, path)
    if result is not None:
        lines.append(f" RETURNS {result}")
    lines.append(f" LANGUAGE {function.language}")
    marks = [{"i": "IMMUTABLE", "s": "STABLE"}.get(function.volatility), {"s": "PARALLEL SAFE", "r": "PARALLEL RESTRICTED"}.get(function.parallel),
             "STRICT" if function.strict else None, "SECURITY DEFINER" if function.security_definer else None, "LEAKPROOF" if function.leakproof else None]  # fmt: skip
    standard = 1.0 if function.language in ("internal", "c") else 100.0
    if function.cost != standard:
        marks.append(f"COST {function.cost:g}")
    if function.returns_set and function.rows not in (0.0, 1000.0):
        marks.append(f"ROWS {function.rows:g}")
    shown = [mark for mark in marks if mark]
    if shown:
        lines.append(" " + " ".join(shown))
    for key, value in function.settings:
        lines.append(f" SET {quote_identifier(key)} TO '{value}'")
    if function.source:
        lines.append(f"AS {dollar_quoted(function.source)}")
    return "\n".join(lines) + "\n"
