"""What a number picture asks for: digits, signs, fill mode, and the combinations that are refused (formatting.c: NUMDesc)."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from auroraml.errors import DatabaseError, InvalidParameterValue
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.functions.formatting.pictures import ACTION, Node, number_nodes
from auroraml.records import dataclass


@dataclass(kw_only=True)
class Picture:
    """The picture's nodes and what they add up to."""

    nodes: tuple[Node, ...] = ()
    before: int = 0  # digits before the point
    after: int = 0
    multiply: int = 0  # digits behind V
    zero_start: int = 0
    zero_end: int = 0
    sign_place: str = ""  # pre or post: where S stands
    sign_before: int = 0  # digits before S
    zero: bool = False
    blank: bool = False
    decimal: bool = False
    shift: bool = False  # V
    fill: bool = False
    sign: bool = False  # S
    bracket: bool = False
    minus: bool = False
    plus: bool = False
    roman: str = ""
    scientific: bool = False


def _together(text: str) -> DatabaseError:
    return SqlSyntaxError(text)


def picture_of(text: str) -> Picture:
    """A fresh description of a picture; raises PostgreSQL's errors for what cannot be combined."""
    return replace(_read(text))


@lru_cache(maxsize=512)
def _read(text: str) -> Picture:
    found = Picture(nodes=number_nodes(text))
    for node in found.nodes:
        if node.kind == ACTION:
            _add(found, node.key)
    return found


def _add(p: Picture, key: str) -> None:
    if p.scientific and key != "EEEE":
        raise SqlSyntaxError('"EEEE" must be the last pattern used')
    if key in ("9", "0"):
        _digit(p, key)
    elif key == "B":
        p.blank = p.blank or (not p.before and not p.after and not p.zero)
    elif key in (".", "D"):
        if p.decimal:
            raise _together("multiple decimal points")
        if p.shift:
            raise _together('cannot use "V" and decimal point together')
        p.decimal = True
    elif key == "FM":
        p.fill = True
    elif key == "V":
        if p.decimal:
            raise _together('cannot use "V" and decimal point together')
        p.shift = True
    elif key in ("RN", "rn"):
        p.roman = key
    elif key == "EEEE":
        _scientific(p)
    else:
        _sign(p, key)


def _digit(p: Picture, key: str) -> None:
    if p.bracket:
        raise _together(f'"{key}" must be ahead of "PR"')
    if key == "9":
        if p.shift:
            p.multiply += 1
        elif p.decimal:
            p.after += 1
        else:
            p.before += 1
        return
    if not p.zero and not p.decimal:
        p.zero, p.zero_start = True, p.before + 1
    if p.decimal:
        p.after += 1
    else:
        p.before += 1
    p.zero_end = p.before + p.after


def _sign(p: Picture, key: str) -> None:
    if key == "S":
        if p.sign:
            raise _together('cannot use "S" twice')
        if p.plus or p.minus or p.bracket:
            raise _together('cannot use "S" and "PL"/"MI"/"SG"/"PR" together')
        p.sign = True
        if not p.decimal:
            p.sign_place, p.sign_before = "pre", p.before
        else:
            p.sign_place = p.sign_place or "post"
    elif key in ("MI", "PL", "SG"):
        if p.sign:
            raise _together(f'cannot use "S" and "{key}" together')
        p.minus = p.minus or key != "PL"
        p.plus = p.plus or key != "MI"
    elif key == "PR":
        if p.sign or p.plus or p.minus:
            raise _together('cannot use "PR" and "S"/"PL"/"MI"/"SG" together')
        p.bracket = True


def _scientific(p: Picture) -> None:
    if p.scientific:
        raise _together('cannot use "EEEE" twice')
    if p.blank or p.fill or p.sign or p.bracket or p.minus or p.plus or p.roman or p.shift:
        raise SqlSyntaxError('"EEEE" is incompatible with other formats',
                             detail='"EEEE" may only be used together with digit and decimal point patterns.')  # fmt: skip
    p.scientific = True


def not_a_number(text: str) -> DatabaseError:
    """22023."""
    return InvalidParameterValue(f'"{text}" is not a number')
