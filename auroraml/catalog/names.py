"""Names of objects as regclass and its kin read and print them, over one catalog and search path."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.catalog.builtins import is_type_elsewhere
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.printing import relation_text, type_text
from auroraml.errors import AmbiguousFunction, FeatureNotSupported, InvalidName, InvalidSchemaName, UndefinedFunction, UndefinedObject, UndefinedTable
from auroraml.ir.keywords import RESERVED
from auroraml.ir.objects import Function
from auroraml.types.names import read_type_name
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import reduced, typmod_in


def quoted(name: str) -> str:
    """The name as quote_ident prints it: in double quotes where it must be."""
    plain = name != "" and (name[0].islower() or name[0] == "_") and all(c.isascii() and (c.islower() or c.isdigit() or c == "_") for c in name)
    return name if plain and name not in RESERVED else '"' + name.replace('"', '""') + '"'


def split_name(text: str) -> list[str]:
    """The parts of a dotted name, folded unless quoted; 42602 where it is none."""
    parts: list[str] = []
    i, n = 0, len(text)
    while True:
        while i < n and text[i] in " \t\n\r\f\v":
            i += 1
        if i < n and text[i] == '"':
            piece = ""
            end = text.find('"', i + 1)
            while end >= 0 and text[end + 1 : end + 2] == '"':
                piece, i = piece + text[i + 1 : end] + '"', end + 1
                end = text.find('"', i + 1)
            if end < 0:
                raise InvalidName("invalid name syntax")
            piece, i = piece + text[i + 1 : end], end + 1
        else:
            start = i
            while i < n and (text[i].isalnum() or text[i] in "_$" or ord(text[i]) > 127):
                i += 1
            piece = text[start:i].lower()
        if not piece:
            raise InvalidName("invalid name syntax")
        parts.append(piece)
        while i < n and text[i] in " \t\n\r\f\v":
            i += 1
        if i >= n:
            return parts
        if text[i] != ".":
            raise InvalidName("invalid name syntax")
        i += 1


class ObjectNames:
    """What types.regtypes asks: names for OIDs and OIDs for names."""

    def __init__(self, catalog: Catalog, path: Sequence[str], warn: Callable[[str | None], None] | None = None) -> None:
        self.catalog = catalog
        self.path = path
        self.warn = warn

    def name_of(self, type: str, oid: int) -> str | None:
        """The object's name, qualified where the path does not find it; None for no object."""
        if type == "regclass":
            relation = self.catalog.find_relation_oid(oid)
            index = self.catalog.index(oid) if relation is None else None
            found_relation = relation if relation is not None else None if index is None else index[0]
            return None if found_relation is None else relation_text(found_relation, self.catalog, self.path)
        if type == "regtype":
            found = self.catalog.find_type_oid(oid)
            return None if found is None else self.type_name(found)
        if type in ("regproc", "regprocedure"):
            try:
                function = self.catalog.function(oid)
            except KeyError:
                return None
            return self._function(function, type == "regprocedure")
        if type == "regrole":
            role = self.catalog.role_by_oid(oid)
            return None if role is None else quoted(role.name)
        return next((quoted(s.name) for s in self.catalog.schemas() if s.oid == oid), None)

    def type_name(self, type: PgType) -> str:
        """The type's SQL name."""
        return type_text(type, None, self.catalog, self.path)

    def _function(self, function: Function, arguments: bool) -> str:
        alike = [f for place in self.path for f in self.catalog.functions_named(function.name, place)]
        visible = function.schema in self.path and (arguments or len(alike) == 1)
        shown = quoted(function.name) if visible else f"{quoted(function.schema)}.{quoted(function.name)}"
        return f"{shown}({','.join(self.type_name(p.type) for p in function.inputs)})" if arguments else shown

    def oid_of(self, type: str, name: str) -> int:
        """The OID of the object called `name`; raises PostgreSQL's error for none."""
        if type == "regtype":
            return self._type(name)
        if type == "regprocedure":
            return self._procedure(name)
        parts = split_name(name)
        if type == "regclass":
            for place in parts[-2:-1] or self.path:
                relation = self.catalog.find_relation(parts[-1], place)
                if relation is not None:
                    return relation.oid
                index = self.catalog.find_index(parts[-1], place)
                if index is not None:
                    return index[0].oid
            raise UndefinedTable(f'relation "{".".join(parts)}" does not exist')
        if type == "regrole":
            if len(parts) != 1:
                raise InvalidName("invalid name syntax")
            return self.catalog.role(parts[0]).oid
        if type == "regnamespace":
            schema = self.catalog.find_schema(parts[0]) if len(parts) == 1 else None
            if schema is None:
                raise InvalidSchemaName(f'schema "{name}" does not exist')
            return schema.oid
        found = self._functions(parts)
        if len(found) > 1:
            raise AmbiguousFunction(f'more than one function named "{".".join(parts)}"')
        if not found:
            raise UndefinedFunction(f'function "{name}" does not exist')
        return found[0].oid

    def _functions(self, parts: Sequence[str]) -> list[Function]:
        return [f for place in parts[-2:-1] or self.path for f in self.catalog.functions_named(parts[-1], place)]

    def _type(self, name: str) -> int:
        read = read_type_name(name)
        for place in (read.schema,) if read.schema else self.path:
            found = self.catalog.find_type(read.name, place)
            if found is not None and read.args:
                typmod_in(found.name, read.args)
                if self.warn is not None:
                    self.warn(reduced(found.name, read.args))
            if found is not None and read.dims:
                found = self.catalog.find_type_oid(found.array) if found.array else None
            if found is not None:
                return found.oid
        if not read.schema and is_type_elsewhere(read.name):
            raise FeatureNotSupported(f"type {name} is not supported")
        raise UndefinedObject(f'type "{name}" does not exist')

    def _procedure(self, text: str) -> int:
        name, parenthesis, rest = text.partition("(")
        if not parenthesis:
            raise InvalidName("expected a left parenthesis")
        if not rest.rstrip().endswith(")"):
            raise InvalidName("expected a right parenthesis")
        inside = rest.rstrip()[:-1].strip()
        wanted = [self._type(part.strip()) for part in inside.split(",")] if inside else []
        for function in self._functions(split_name(name)):
            if [p.type.oid for p in function.inputs] == wanted:
                return function.oid
        raise UndefinedFunction(f'function "{text}" does not exist')
