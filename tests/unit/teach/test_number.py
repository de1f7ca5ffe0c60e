"""Number: arithmetic that gives what floats give and remembers how."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from auroraml.teach.formula import NODE, QUANTITY, SETTING, Formula, evaluated, formula, terms, text
from auroraml.teach.number import Number, ceil, log, named, plain, unit

ROW = unit(0.01, "cpu_tuple_cost")


def read(number: float) -> Formula:
    return formula(number, {})


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from("+-*/"), st.booleans())
def test_arithmetic_is_that_of_floats(a: float, b: float, operator: str, left: bool) -> None:
    if operator == "/" and not b:
        return
    one, two = (Number(a), b) if left else (a, Number(b))
    operations = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y}
    made = operations[operator](one, two)
    assert isinstance(made, Number) and float(made) == operations[operator](a, b)
    assert (made.op, tuple(map(float, made.parts))) == (operator, (a, b))
    assert evaluated(read(made)) == made


def test_a_sum_of_products_is_told_with_its_names() -> None:
    cost = 0.0 + named(54, "pages") * unit(1.0, "seq_page_cost") + (ROW + 0.0) * named(10000.0, "tuples")
    assert text(read(cost)) == "54 pages × 1 seq_page_cost + 10000 tuples × 0.01 cpu_tuple_cost"
    assert [term.value for term in terms(read(cost))] == [54.0, 100.0]


def test_ones_and_zeros_change_nothing_and_are_left_out() -> None:
    assert read(ROW * 1.0 + 0.0).label == "cpu_tuple_cost"
    assert text(read(named(3.0, "rows") / named(3.0, "rows") * ROW)) == "0.01 cpu_tuple_cost"
    assert text(read(named(3.0, "rows") * (ROW * named(1.0, "columns")))) == "3 rows × 0.01 cpu_tuple_cost"


def test_what_is_added_and_taken_away_again_is_left_out_of_the_terms() -> None:
    start = ROW * 5.0
    made = read(start + ((ROW * 100.0 + start) - start))
    assert [text(term) for term in terms(made)] == ["5 × 0.01 cpu_tuple_cost", "100 × 0.01 cpu_tuple_cost"]
    assert evaluated(made) == made.value


def test_a_nodes_total_less_its_startup_is_one_amount() -> None:
    startup, total = Number(10.0), Number(50.0)
    leaves = {id(startup): (NODE, "startup of Sort"), id(total): (NODE, "total of Sort")}
    (rest,) = terms(formula(total - startup, leaves))
    assert (rest.op, rest.value) == ("-", 40.0)
    assert text(formula((total - startup) / 4.0, leaves)) == "(50 total of Sort - 10 startup of Sort) / 4"


def test_kinds_of_leaves() -> None:
    made = read(named(3.0, "rows") * ROW)
    assert [part.kind for part in made.parts] == [QUANTITY, SETTING]
    assert made.priced and made.counted and not read(ROW).counted


def test_functions_keep_the_trace_and_stay_functions_of_plain_numbers() -> None:
    assert (ceil(2.5), ceil(Number(2.5)).__class__) == (3, Number)
    assert text(read(log(named(8.0, "tuples")) / 0.693147180559945)) == "log2(8 tuples)"
    assert text(read(ceil(named(2.5, "pages")))) == "rounded up(2.5 pages)"


def test_outside_it_is_a_plain_float() -> None:
    for value in (0.0, -0.0, 2.5):
        assert type(plain(Number(value))) is float and plain(Number(value)) == value
        assert type(pickle.loads(pickle.dumps(Number(value)))) is float
