"""to_char of numbers, digit by digit as formatting.c's NUM_processor has it."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from auroraml.batch import ConstVector, FixedVector, NumericVector, TextVector, Vector, limbs, limbs_of
from auroraml.functions.formatting.number_columns import in_columns, shapes_decide
from auroraml.functions.formatting.number_picture import Picture, picture_of
from auroraml.functions.formatting.pictures import ACTION, ordinal_suffix
from auroraml.functions.rounding import one_of
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, limbs_at, round_to

_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"),
          (1, "I"))  # fmt: skip


def roman(number: int) -> str:
    """Roman digits; # for what has none."""
    if not 1 <= number <= 3999:
        return "#" * 15
    out = []
    for value, letters in _ROMAN:
        out.append(letters * (number // value))
        number %= value
    return "".join(out)


class _Writer:
    """Writes `number` (digits and a point, no sign) through a picture."""

    def __init__(self, picture: Picture, number: str, spaces: int, sign: str) -> None:
        self.p = picture
        self.number = number
        self.at = 0  # the next digit
        self.spaces = spaces
        self.sign = sign
        self.out: list[str] = []
        self.place = 0
        self.inside = False  # whether the last part written was a digit
        self.last: int | None = None  # the last digit that matters in fill mode
        self._prepare()

    def _prepare(self) -> None:
        p = self.p
        if p.zero_start:
            p.zero_start -= 1
        if p.plus or p.minus:
            self.signed = not (p.plus and not p.minus)
        else:
            if self.sign != "-" and p.fill:
                p.bracket = False
            self.signed = self.sign == "+" and p.fill and not p.sign
            if p.sign_place == "pre" and p.before == p.sign_before:
                p.sign_place = "post"
        self.count = p.after + p.before - 1
        if p.fill and p.decimal and "." in self.number:
            point = self.number.index(".")
            self.last = max((i for i, c in enumerate(self.number) if i > point and c != "0"), default=point)
            if p.zero_end > self.spaces:
                self.last = max(self.last, min(len(self.number) - 1, p.zero_end - self.spaces))
        if not self.signed and self.spaces == 0:
            self.count += 1

    def run(self) -> str:
        """The text."""
        for node in self.p.nodes:
            if node.kind != ACTION:
                self.out.append(node.text)
            elif node.key in ("9", "0", ".", "D"):
                self._part(node.key)
            else:
                self._mark(node.key)
        return "".join(self.out)

    def _mark(self, key: str) -> None:
        p = self.p
        if key in (",", "G"):
            if self.inside:
                self.out.append(",")
            elif not p.fill:
                self.out.append(" ")
        elif key == "L":
            self.out.append(" ")
        elif key in ("RN", "rn"):
            text = self.number if key == "RN" else self.number.lower()
            self.out.append(text if p.fill else text.rjust(15))
        elif key in ("TH", "th"):
            if not (p.roman or self.number[:1] == "#" or self.sign == "-" or p.decimal):
                self.out.append(ordinal_suffix(self.number, key))
        elif key in ("MI", "PL"):
            wanted = "-" if key == "MI" else "+"
            if self.sign == wanted:
                self.out.append(wanted)
            elif not p.fill:
                self.out.append(" ")
        elif key == "SG":
            self.out.append(self.sign)

    def _before_point(self) -> bool:
        return not self.p.zero and self.at == 0 and self.number[:1] == "0" and self.p.after != 0

    def _point_last(self) -> bool:
        return self.last is not None and self.number[self.last : self.last + 1] == "."

    def _part(self, key: str) -> None:
        p = self.p
        if p.roman:
            return
        self.inside = False
        begun = self.place >= self.spaces or (p.zero and p.zero_start == self.place)
        if not self.signed and begun and (not self._before_point() or self._point_last()):
            self._write_sign()
        if self.place < self.spaces and (p.zero_start > self.place or not p.zero):
            if not p.fill:
                self.out.append(" ")
        elif p.zero and self.place < self.spaces and p.zero_start <= self.place:
            self.out.append("0")
            self.inside = True
        else:
            self._digit(key)
        end = self.count + (1 if self.spaces else 0) + (1 if p.decimal else 0)
        if self.last is not None and self.last == self.at:
            end = self.place
        if self.place + 1 == end:
            if self.signed and p.bracket:
                self.out.append(" " if self.sign == "+" else ">")
            elif p.sign and p.sign_place == "post":
                self.out.append(self.sign)
        self.place += 1

    def _write_sign(self) -> None:
        p = self.p
        if p.sign:
            if p.sign_place == "pre":
                self.out.append(self.sign)
                self.signed = True
        elif p.bracket:
            self.out.append(" " if self.sign == "+" else "<")
            self.signed = True
        elif self.sign == "+":
            if not p.fill:
                self.out.append(" ")
            self.signed = True
        elif self.sign == "-":
            self.out.append("-")
            self.signed = True

    def _digit(self, key: str) -> None:
        char = self.number[self.at : self.at + 1]
        if char == ".":
            if not self._point_last() or self.p.fill:
                self.out.append(".")
        elif self.last is not None and self.at > self.last and key != "0":
            pass
        elif self._before_point():
            if not self.p.fill:
                self.out.append(" ")
            elif self._point_last():
                self.out.append("0")
        else:
            self.out.append(char)
            self.inside = bool(char) or self.inside
        if char:
            self.at += 1


def _through(picture: Picture, text: str) -> str:
    """A plain number text (with its sign) through a picture."""
    sign, number = ("-", text[1:]) if text.startswith("-") else ("+", text)
    size = number.index(".") if "." in number else len(number)
    spaces = 0
    if size < picture.before:
        spaces = picture.before - size
    elif size > picture.before:
        number = "#" * picture.before + "." + "#" * picture.after
    return _Writer(picture, number, spaces, sign).run()


def _roman(picture: Picture, number: int) -> str:
    text = roman(number)
    fill = picture.fill
    written = Picture(nodes=picture.nodes, roman=picture.roman, fill=fill)
    return _Writer(written, text, 0, "").run()


def _hashes(picture: Picture) -> str:
    size = picture.before + picture.after + 6
    text = list(" " + "#" * size)
    if picture.before + 1 < len(text):
        text[picture.before + 1] = "."
    return "".join(text)


def _scientific(value: Decimal, after: int) -> str:
    if not value:
        text = f"{0:.{after}f}e+00"
    else:
        exponent = value.adjusted()
        digits = round_to(value.scaleb(-exponent, CONTEXT), after)
        text = f"{digits:f}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return text if text.startswith("-") else " " + text


def _columns(a: Vector, format: Vector) -> Vector | None:
    """A column of exact numbers through one picture, where shapes decide."""
    text = format.datum(0) if isinstance(format, ConstVector) and not isinstance(a, ConstVector) else None
    flat = a.flat()
    found = limbs_of(NumericVector(flat.values.astype(np.int64), 0) if isinstance(flat, FixedVector) else one_of(flat))
    if not isinstance(text, str) or not text or found is None or not shapes_decide(picture := picture_of(text)):
        return None
    numbers, scale = found
    moved = limbs.shifted(numbers, picture.multiply) if picture.shift else numbers
    whole = None if moved is None else limbs_at(moved, scale, picture.after)
    if whole is None:
        return None

    def made() -> Picture:
        fresh = picture_of(text)
        fresh.before += fresh.multiply if fresh.shift else 0
        return fresh

    return TextVector(in_columns(made(), lambda number, sign: _through(made(), number if sign == "+" else "-" + number), whole))


@scalar("to_char(numeric,text)", face="datum", columns=_columns)
def numeric_to_char(value: Decimal, format: str) -> str:
    """A numeric through a picture."""
    if not format:
        return ""
    picture = picture_of(format)
    if picture.roman:
        return _roman(picture, int(value.quantize(Decimal(1), ROUND_HALF_UP, CONTEXT)) if value.is_finite() else 0)
    if picture.scientific:
        return _scientific(value, picture.after) if value.is_finite() else _hashes(picture)
    if picture.shift and value.is_finite():
        value = CONTEXT.multiply(value, Decimal(10) ** picture.multiply)
        picture.before += picture.multiply
    if not value.is_finite():
        return _through(picture, "NaN" if value.is_nan() else "Infinity" if value > 0 else "-Infinity")
    return _through(picture, f"{round_to(value, picture.after):f}")


@scalar("to_char(int4,text)", "to_char(int8,text)", face="datum", columns=_columns)
def integer_to_char(value: int, format: str) -> str:
    """An integer through a picture."""
    if not format:
        return ""
    picture = picture_of(format)
    if picture.roman:
        return _roman(picture, value)
    if picture.scientific:
        return _scientific(Decimal(value), picture.after)
    if picture.shift:
        value *= 10**picture.multiply
        picture.before += picture.multiply
    return _through(picture, f"{value}.{'0' * picture.after}" if picture.after else str(value))


def _float_to_char(digits: int, exact: Callable[[float], float]) -> Callable[[float, str], str]:
    def run(value: float, format: str) -> str:
        if not format:
            return ""
        picture = picture_of(format)
        if picture.roman:
            return _roman(picture, round(value) if math.isfinite(value) else 0)
        if picture.scientific:
            if not math.isfinite(value):
                return _hashes(picture)
            text = f"{value:.{picture.after}e}"
            return text if text.startswith("-") else " " + text
        if picture.shift:
            value = exact(value * 10.0**picture.multiply)
            picture.before += picture.multiply
        if not math.isfinite(value):
            return _through(picture, "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
        size = len(f"{abs(value):.0f}")
        if size >= digits:
            picture.after = 0
        elif size + picture.after > digits:
            picture.after = digits - size
        return _through(picture, f"{value:.{picture.after}f}")

    return run


scalar("to_char(float8,text)", face="datum")(_float_to_char(15, lambda value: value))
scalar("to_char(float4,text)", face="datum")(_float_to_char(6, lambda value: float(np.float32(value))))
