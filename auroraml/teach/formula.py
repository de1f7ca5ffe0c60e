"""Formula: how a number was computed, as a value: cost units and quantities by name, the costs of the nodes below as they are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from auroraml.records import dataclass, replace
from auroraml.teach.number import NAMED, Number, plain

NUMBER, QUANTITY, SETTING, NODE = "number", "quantity", "setting", "node"  # the kinds of leaves


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A number and what made it. A leaf has a `kind` and, unless it is a bare number, a `label`; anything else an `op` and its `parts`."""

    value: float
    kind: str = ""
    label: str = ""
    op: str = ""
    parts: tuple[Formula, ...] = ()
    note: str = field(default="", compare=False)  # what a price is for, where the formula that takes it says so

    @property
    def priced(self) -> bool:
        """Whether a cost is in it: a unit that a setting gives, or a node's."""
        return self.kind in (SETTING, NODE) or any(part.priced for part in self.parts)

    @property
    def counted(self) -> bool:
        """Whether it is made of more than prices: pages, rows or a node's cost are in it."""
        return self.kind in (QUANTITY, NODE) or any(part.counted for part in self.parts)


STARTUP, TOTAL, OWN = "startup of ", "total of ", "rows it makes"
WHOLE = "at least 1, whole"
_LOG2 = 0.693147180559945
_NAMES = {WHOLE: "rounded", "round": "rounded", "ceil": "rounded up", "floor": "rounded down"}
_SIGNS = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "^": 4}


def evaluated(formula: Formula) -> float:
    """The number computed again from the leaves."""
    if not formula.op:
        return formula.value
    return _OPERATIONS[formula.op](*(evaluated(part) for part in formula.parts))


def _clamped(rows: float) -> float:
    return 1e100 if rows > 1e100 or math.isnan(rows) else 1.0 if rows <= 1.0 else float(round(rows))


_OPERATIONS: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "^": lambda a, b: float(a**b), "neg": lambda a: -a,
    "ceil": lambda a: float(math.ceil(a)), "floor": lambda a: float(math.floor(a)), "log": lambda a: math.log(a), "sqrt": lambda a: math.sqrt(a),
    "round": lambda a: float(round(a)), WHOLE: _clamped,
    "log2": lambda a: math.log(a) / _LOG2,
}  # fmt: skip


def formula(number: float, below: Mapping[int, tuple[str, str]]) -> Formula:
    """How a number was made. `below`: kind and label of those that are leaves here, by their identity: what the nodes below cost, and their rows."""
    return _Reader(below).read(number)


def opened(number: float) -> float:
    """A number behind the names that formulas gave it."""
    while isinstance(number, Number) and number.op == NAMED:
        number = number.parts[0]
    return number


NOTES = {  # what formulas call their prices, and what these are for
    "qual per tuple": "conditions", "qual startup": "conditions", "target per tuple": "columns", "target startup": "columns",
    "trans per tuple": "aggregates", "trans startup": "aggregates", "final per tuple": "results", "final startup": "results", "argument": "keys",
    "per tuple": "each row",
}  # fmt: skip


class _Reader:
    def __init__(self, below: Mapping[int, tuple[str, str]]) -> None:
        self.below = below
        self.known: dict[int, Formula] = {}

    def read(self, number: float) -> Formula:
        """Read each number once: what many formulas share is one."""
        found = self.known.get(id(number))
        if found is None:
            found = self.known[id(number)] = self._read(number)
        return found

    def _read(self, number: float) -> Formula:
        known = self.below.get(id(number))
        if known is not None and number.__class__ is Number:
            return Formula(value=plain(number), kind=known[0], label=known[1])
        if not isinstance(number, Number):
            label = getattr(number, "label", "")
            return Formula(value=float(number), kind=QUANTITY if label else NUMBER, label=label)
        if number.setting:
            return Formula(value=plain(number), kind=SETTING, label=number.label)
        if number.op == NAMED:
            return self._named(number)
        if not number.op:
            return Formula(value=plain(number), kind=QUANTITY if number.label else NUMBER, label=number.label)
        return simplified(Formula(value=plain(number), op=number.op, parts=tuple([self.read(part) for part in number.parts])))

    def _named(self, number: Number) -> Formula:
        """A cost is told in full, a quantity by its name: that of the node it is of, where it is a node's."""
        inner = self.read(number.parts[0])
        if inner.priced:
            note = NOTES.get(number.label, "")
            return replace(inner, note=note) if note and not inner.note and inner.kind != NODE else inner
        if inner.kind == QUANTITY:
            return inner
        return Formula(value=plain(number), kind=QUANTITY, label=number.label)


def _is(formula: Formula, value: float) -> bool:
    """Whether it is nothing but this number: a unit or a node's cost is told even then."""
    return formula.value == value and not (formula.priced and value)


def simplified(formula: Formula) -> Formula:
    """Without what changes nothing: zeros added, ones multiplied, whole numbers rounded."""
    if len(formula.parts) == 2:
        left, right = formula.parts
        if formula.op == "+" and _is(left, 0.0):
            return right
        if formula.op in "+-" and _is(right, 0.0):
            return left
        if formula.op == "*" and _is(left, 1.0) and not left.op:
            return right
        if formula.op in "*/" and _is(right, 1.0) and not right.op:
            return left
        if formula.op == "/" and left == right:
            return Formula(value=formula.value, kind=NUMBER)
        if formula.op == "*" and formula.value == 0.0:
            return Formula(value=0.0, kind=NUMBER)
    elif formula.op in (WHOLE, "round", "ceil") and formula.parts[0].value == formula.value:
        return formula.parts[0]
    return formula


def _signed(formula: Formula, sign: int) -> list[tuple[int, Formula]]:
    if formula.op in ("+", "-"):
        left, right = formula.parts
        return _signed(left, sign) + _signed(right, sign if formula.op == "+" else -sign)
    return [(sign, formula)]


def terms(formula: Formula) -> list[Formula]:
    """What is added up, in the formula's order; what is added and taken away again is left out. Amounts taken away are negative.

    A node's total less its startup stays one amount, the rest of the node.
    """
    found = _signed(formula, 1)
    for sign, term in list(found):
        if sign < 0 and (1, term) in found:
            del found[max(i for i, other in enumerate(found) if other == (1, term))]
            found.remove((-1, term))
    made: list[Formula] = []
    for sign, term in found:
        if sign > 0:
            made.append(term)
            continue
        rest = next((i for i, whole in enumerate(made) if _rest(whole, term)), None)
        if rest is None:
            made.append(Formula(value=-term.value, op="neg", parts=(term,)))
        else:
            made[rest] = Formula(value=made[rest].value - term.value, op="-", parts=(made[rest], term))
    return made


def _rest(whole: Formula, begun: Formula) -> bool:
    """Whether one is a node's total and the other its startup."""
    return whole.kind == begun.kind == NODE and whole.label == begun.label.replace(STARTUP, TOTAL)


def shown(value: float) -> str:
    """A number as a formula has it: whole ones bare, others with as many digits as say it."""
    if not math.isfinite(value) or value == int(value):
        return f"{value:.0f}" if abs(value) < 1e15 else f"{value:g}"
    text = f"{value:.4f}" if abs(value) >= 1 else f"{value:.6g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def text(formula: Formula, around: int = 0) -> str:
    """The formula in one line: numbers with their names behind them, in parentheses where it stands in a tighter operation."""
    if formula.note and formula.op and around:
        return f"({text(replace(formula, note=''))} for {formula.note})"
    if not formula.op:
        made = f"{shown(formula.value)} {formula.label}" if formula.label else shown(formula.value)
        return f"{made} for {formula.note}" if formula.note else made
    if formula.op not in _SIGNS:
        return f"{_NAMES.get(formula.op, formula.op)}({', '.join(text(part) for part in formula.parts)})"
    mine = _SIGNS[formula.op]
    if formula.op == "neg":
        made = "-" + text(formula.parts[0], mine)
    elif formula.op == "-" and _rest(*formula.parts):
        made = " - ".join(map(text, formula.parts))
    elif formula.op in ("+", "-"):
        made = _sum(formula)
    else:
        left, right = formula.parts
        if formula.op == "/" and left.op == "log" and abs(right.value - _LOG2) < 1e-12:
            return f"log2({text(left.parts[0])})"
        if formula.op == "*" and left.priced and not right.priced:
            left, right = right, left
        made = f"{text(left, mine)} {'×' if formula.op == '*' else formula.op} {text(right, mine + (formula.op != '*'))}"
    return f"({made})" if mine < around else made


def _sum(formula: Formula) -> str:
    made = ""
    for term, times in Counter(terms(formula)).items():  # equal ones are told once, in the place of the first
        taken = term.op == "neg"
        several = f"{times} × " if times > 1 else ""
        shown = several + text(term.parts[0] if taken else term, 2 if taken or several else 1)
        made += (" - " if taken else " + ") + shown if made else ("-" if taken else "") + shown
    return made or "0"


def put(formula: Formula, known: Mapping[float, Sequence[tuple[Formula, Formula]]]) -> Formula:
    """The formula with leaves for parts that are known: by their value, pairs of a formula and what stands for it."""
    for whole, leaf in known.get(formula.value, ()):
        if whole == formula:
            return leaf
    if not formula.op:
        return formula
    parts = tuple([put(part, known) for part in formula.parts])
    return formula if all(a is b for a, b in zip(parts, formula.parts, strict=True)) else simplified(replace(formula, parts=parts))
