"""Calls that were written in SQL's own syntax, printed in it: EXTRACT, TRIM, POSITION, OVERLAY, SUBSTRING, AT TIME ZONE, OVERLAPS."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.ir.expr import Call, Const, Expr
from auroraml.types.pg_type import Rep

Texts = Sequence[str]


def sql_syntax(call: Call, args: Texts) -> str | None:
    """The call with its arguments' texts; None where it is printed as any other call."""
    form = FORMS.get(call.function.name)
    return None if form is None else form(call.args, args)


def _at_time_zone(exprs: Sequence[Expr], args: Texts) -> str | None:
    return f"({args[1]} AT TIME ZONE {args[0]})" if len(args) == 2 else None


def _overlaps(exprs: Sequence[Expr], args: Texts) -> str | None:
    return f"(({args[0]}, {args[1]}) OVERLAPS ({args[2]}, {args[3]}))"


def _extract(exprs: Sequence[Expr], args: Texts) -> str | None:
    field = exprs[0]
    return f"EXTRACT({field.value} FROM {args[1]})" if isinstance(field, Const) else None


def _position(exprs: Sequence[Expr], args: Texts) -> str | None:
    return f"POSITION(({args[1]}) IN ({args[0]}))"


def _overlay(exprs: Sequence[Expr], args: Texts) -> str | None:
    length = f" FOR {args[3]}" if len(args) == 4 else ""
    return f"OVERLAY({args[0]} PLACING {args[1]} FROM {args[2]}{length})"


def _substring(exprs: Sequence[Expr], args: Texts) -> str | None:
    if exprs[1].type.rep in (Rep.INT4, Rep.INT8):
        length = f" FOR {args[2]}" if len(args) == 3 else ""
        return f"SUBSTRING({args[0]} FROM {args[1]}{length})"
    return f"SUBSTRING({args[0]} SIMILAR {args[1]} ESCAPE {args[2]})" if len(args) == 3 else None


def _trim(side: str) -> Callable[[Sequence[Expr], Texts], str | None]:
    def form(exprs: Sequence[Expr], args: Texts) -> str | None:
        characters = f" {args[1]}" if len(args) == 2 else ""
        return f"TRIM({side}{characters} FROM {args[0]})"

    return form


def _normalize(exprs: Sequence[Expr], args: Texts) -> str | None:
    kind = exprs[1] if len(exprs) == 2 else None
    return f"NORMALIZE({args[0]}{f', {kind.value}'.upper() if isinstance(kind, Const) else ''})"


def _is_normalized(exprs: Sequence[Expr], args: Texts) -> str | None:
    kind = exprs[1] if len(exprs) == 2 else None
    return f"({args[0]} IS {f'{kind.value} ' if isinstance(kind, Const) else ''}NORMALIZED)"


FORMS: dict[str, Callable[[Sequence[Expr], Texts], str | None]] = {
    "timezone": _at_time_zone, "overlaps": _overlaps, "extract": _extract, "position": _position, "overlay": _overlay,
    "substring": _substring, "btrim": _trim("BOTH"), "ltrim": _trim("LEADING"), "rtrim": _trim("TRAILING"), "normalize": _normalize,
    "is_normalized": _is_normalized,
}  # fmt: skip
