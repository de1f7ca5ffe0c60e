"""Index conditions that a pattern implies: equality with, or the range of, the prefix it fixes (like_support.c: match_pattern_prefix)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auroraml.catalog.builtins import builtin_function, builtin_operator
from auroraml.ir import expr as e
from auroraml.ir.objects import Function, Operator
from auroraml.planner.estimate.patterns import Prefix, greater_string, like_prefix, regex_prefix
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, BY_NAME, TEXT

_LIKE, _REGEX = {"textlike": False, "namelike": False, "texticlike": True, "nameiclike": True}, {
    "textregexeq": False, "nameregexeq": False, "texticregexeq": True, "nameicregexeq": True,
}  # fmt: skip
_STARTS: Final = "text_starts_with"
# (=, <, >=) by the type of what is matched; those of the pattern classes second
_OPERATORS: Final = {"text": ((98, 664, 667), (98, 2314, 2317)), "name": ((254, 255, 257), None), "bpchar": ((1054, 1058, 1061), (1054, 2326, 2329))}


def pattern_conditions(function: Function, args: tuple[e.Expr, ...], pattern_class: bool, known: Callable[[Operator], bool]) -> list[e.Expr] | None:
    """Conditions on args[0], an index key, that `function` of it and a constant pattern implies; None where there are none.

    `pattern_class`: the key compares byte by byte; `known` says which operators the index has.
    """
    if len(args) != 2 or not isinstance(args[1], e.Const) or not isinstance(args[1].value, str) or function.schema != "pg_catalog":
        return None
    prefix = _prefix(function, args[1].value)
    operators = _OPERATORS.get(args[0].type.name)
    if prefix is None or operators is None or not (prefix.text or prefix.exact):
        return None
    chosen = operators[1] if pattern_class else operators[0]
    if chosen is None:
        return None
    equal, less, greater_equal = (_operator(oid) for oid in chosen)
    kind = BY_NAME["bpchar"] if args[0].type.name == "bpchar" else TEXT
    if prefix.exact:
        return [_comparison(equal, args[0], prefix.text, kind)] if known(equal) else None
    if not known(greater_equal):
        return None
    found = [_comparison(greater_equal, args[0], prefix.text, kind)]
    above = greater_string(prefix.text)
    if above is not None and known(less):
        found.append(_comparison(less, args[0], above, kind))
    return found


def _prefix(function: Function, pattern: str) -> Prefix | None:
    source = function.source
    if source in _LIKE:
        return like_prefix(pattern, _LIKE[source])
    if source in _REGEX:
        return regex_prefix(pattern, _REGEX[source])
    if source == _STARTS:
        return Prefix(text=pattern, exact=False, rest=1.0)
    return None


def _operator(oid: int) -> Operator:
    row = builtin_operator(oid)
    assert row is not None
    return row


def _comparison(operator: Operator, key: e.Expr, value: str, kind: PgType) -> e.Expr:
    function = builtin_function(operator.function)
    assert function is not None
    return e.OpCall(type=BOOL, operator=operator, function=function, args=(key, e.Const(type=kind, value=value)))
