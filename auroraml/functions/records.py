"""Comparison of records: field by field, a NULL equal to a NULL and above everything."""

from __future__ import annotations

from auroraml.errors import DatatypeMismatch
from auroraml.functions.ordering import orderable
from auroraml.functions.signature import SCALARS, Kernel, Types, oid_of
from auroraml.types.typmod import format_type

Row = tuple[object, ...]


def _check(types: Types) -> None:
    left, right = types.args[0].attributes, types.args[1].attributes
    for place, (a, b) in enumerate(zip(left, right, strict=False), 1):
        if a.type.oid != b.type.oid:
            raise DatatypeMismatch(f"cannot compare dissimilar column types {format_type(a.type)} and {format_type(b.type)} at record column {place}")
    if len(left) != len(right):
        raise DatatypeMismatch("cannot compare record types with different numbers of columns")


def _comparison(name: str) -> Kernel:
    def run(types: Types, a: Row, b: Row) -> bool:
        _check(types)
        x, y = orderable(types.args[0], a), orderable(types.args[0], b)
        order = (x > y) - (x < y)  # type: ignore[operator] # keys of one type compare
        return {"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[name]  # type: ignore[no-any-return] # numpy gives Any

    return Kernel(function=run, face="datum", typed=True)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SCALARS[oid_of(f"record_{_name}(record,record)")] = _comparison(_name)
    SCALARS[oid_of(f"record_image_{_name}(record,record)")] = _comparison(_name)
