"""Kernels of whole columns: what each gives for random values is what its function gives for each value."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pyarrow as pa
import pytest

from auroraml.batch import ConstVector, TextVector, Vector, from_datums
from auroraml.errors import DatabaseError
from auroraml.functions.signature import ROWS, SCALARS, oid_of
from auroraml.types import json_bits
from auroraml.types.json import read_json, write_jsonb
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BY_NAME

SEEDS = 4
KEYS = (
    "a",
    "b",
    "ab",
    "",
    "1",
    "0",
    "-1",
    'q"t',
    "back\\",
    '\\"',
    "é",
    "日本",
    ", ",
    ": ",
    "a\nb",
    "{",
    "]",
    "key of many letters",
    "null",
    "x" * 70,
)
SCALAR = ("1", "-5", "0", "1.0", "1.00", "1.50", "100", "123456789012345678901234567890.5", "true", "false", "null", '"a"', '"ab"', '""', '"q\\"t"',
          '"back\\\\"', '"é日本"', '"a, b"', '"{\\"a\\": 1}"', '"]"', '"1"', '"null"', '"' + "long " * 30 + '"')  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One seed, another one every day; all of them with --soak."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(SEEDS) if metafunc.config.getoption("--soak") else [datetime.date.today().toordinal() % SEEDS])


def document(random: Random, depth: int = 3) -> str:
    """A JSON text."""
    kind = random.random() if depth else 1.0
    if kind < 0.45:
        fields = (f"{write_jsonb(random.choice(KEYS))}: {document(random, depth - 1)}" for _ in range(random.choice((0, 1, 2, 3, 6))))
        return "{" + ", ".join(fields) + "}"
    if kind < 0.8:
        return "[" + ", ".join(document(random, depth - 1) for _ in range(random.choice((0, 1, 2, 4)))) + "]"
    return random.choice(SCALAR)


def documents(random: Random, count: int) -> list[str]:
    """jsonb documents; some have many brackets."""
    found = [write_jsonb(read_json(document(random))) for _ in range(count)]
    return [*found, "[" * 40 + "]" * 40, write_jsonb(read_json('{"a": ' + "[" * 30 + "1" + "]" * 30 + ', "b": [[[]], [[], {}], 1, [[[[[2]]]]]]}'))]


def texts(values: list[str]) -> Vector:
    """Values as a column, which begins inside of its buffer."""
    return TextVector(pa.array(["before", *values, "after"], pa.large_string()).slice(1, len(values)))


def constant(type: str, value: object, n: int) -> Vector:
    """One value for all rows."""
    element = BY_NAME[type[1:]] if type.startswith("_") else None
    return ConstVector(from_datums(BY_NAME[type], [value], element), n)


def shown(value: object) -> object:
    """A value with its type and its display scale."""
    return type(value).__name__, str(value)


def check(signature: str, columns: list[Vector], rows: Sequence[tuple[object, ...]], *, always: bool = False) -> None:
    """The kernel's way over columns gives what its function gives row by row, or leaves them to it; it has to where a row fails."""
    kernel = SCALARS[oid_of(signature)]
    assert kernel.columns is not None
    found = kernel.columns(*columns)
    if found is None:
        assert not always, signature
        return
    one_by_one = []
    for row in rows:
        try:
            one_by_one.append(shown(kernel.function(*row)))
        except DatabaseError:
            pytest.fail(f"{signature}: {row}")
    for row, one, many in zip(rows, one_by_one, found.datums(), strict=True):
        assert one == shown(many), (signature, row)


@pytest.fixture(params=(64, 1 << 18))
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, too, and few steps to a closing bracket."""
    monkeypatch.setattr(json_bits, "BLOCK", request.param)
    if request.param == 64:
        monkeypatch.setattr(json_bits, "STEPS", 1)


@pytest.mark.usefixtures("blocks")
def test_parts_of_documents(seed: int) -> None:
    """Fields, elements, paths, existence, kinds and lengths."""
    random = Random(seed)
    found = documents(random, 300)
    some = [[text for text in found if text[0] == kind] for kind in "{["]
    for values in (found, *some):
        column, n = texts(values), len(values)
        for key in KEYS:
            for name in ("jsonb_object_field", "jsonb_object_field_text", "jsonb_exists"):
                check(f"{name}(jsonb,text)", [column, constant("text", key, n)], [(value, key) for value in values], always=True)
        for place in (0, 1, 2, 3, -1, -2, 40, -(2**31)):
            for name in ("jsonb_array_element", "jsonb_array_element_text"):
                check(f"{name}(jsonb,int4)", [column, constant("int4", place, n)], [(value, place) for value in values], always=True)
        for _ in range(30):
            path = PgArray.of(
                tuple(random.choice((*KEYS, None, "1", "2", "+0", " 1", "1 ", "9999999999")) for _ in range(random.choice((0, 1, 2, 3))))
            )
            for name in ("jsonb_extract_path", "jsonb_extract_path_text", "jsonb_exists_any", "jsonb_exists_all"):
                check(f"{name}(jsonb,_text)", [column, constant("_text", path, n)], [(value, path) for value in values])
        check("jsonb_typeof(jsonb)", [column], [(value,) for value in values], always=True)
    for name in ("jsonb_array_elements", "jsonb_array_elements_text"):
        kernel = ROWS[oid_of(f"{name}(jsonb)")].function
        arrays = some[1] * 3
        (many,), counts = kernel(texts(arrays))
        alone = [kernel(texts([value])) for value in arrays]
        assert [shown(value) for value in many.datums()] == [shown(value) for (one,), _ in alone for value in one.datums()]
        assert counts.tolist() == [count for _, one in alone for count in one.tolist()]
    for name in ("jsonb_each", "jsonb_each_text", "jsonb_object_keys"):
        kernel = ROWS[oid_of(f"{name}(jsonb)")].function
        objects = some[0] * 3
        vectors, counts = kernel(texts(objects))
        alone = [kernel(texts([value])) for value in objects]
        for number, vector in enumerate(vectors):
            assert [shown(value) for value in vector.datums()] == [shown(value) for many, _ in alone for value in many[number].datums()]
        assert counts.tolist() == [count for _, one in alone for count in one.tolist()]
    for key in KEYS:
        keys = PgArray.of((key, None, random.choice(KEYS), "nowhere"))
        column, n = texts(some[0]), len(some[0])
        check("jsonb_delete(jsonb,text)", [column, constant("text", key, n)], [(value, key) for value in some[0]], always=True)
        check("jsonb_delete(jsonb,_text)", [column, constant("_text", keys, n)], [(value, keys) for value in some[0]], always=True)
        for create in (False, True):
            path, new = PgArray.of((key,)), [random.choice(SCALAR) for _ in some[0]]
            end = constant("bool", create, n)
            check("jsonb_set(jsonb,_text,jsonb,bool)", [column, constant("_text", path, n), constant("jsonb", '{"new": 1}', n), end],
                  [(value, path, '{"new": 1}', create) for value in some[0]], always=True)  # fmt: skip
            check("jsonb_set(jsonb,_text,jsonb,bool)", [column, constant("_text", path, n), texts(new), end],
                  [(value, path, other, create) for value, other in zip(some[0], new, strict=True)], always=True)  # fmt: skip
    for values in (some[1], [value for value in some[1] if "[" not in value[1:] and "{" not in value]):
        check("jsonb_array_length(jsonb)", [texts(values)], [(value,) for value in values], always=True)


def spaced(random: Random, text: str) -> str:
    """A document written in another way: spaces, and escapes or fields twice here and there."""
    blanks = ("", "", " ", "\n", "  \t ") if random.random() < 0.7 else ("",)
    if random.random() < 0.1:
        text = text.replace("é", "\\u00e9")
    if random.random() < 0.2 and text.startswith('{"'):
        text = text[:-1] + ", " + text[1:]
    made, inside, at = "", False, 0
    while at < len(text):
        char = text[at]
        if inside and char == "\\":
            made, at = made + text[at : at + 2], at + 2
            continue
        inside ^= char == '"'
        made += char if inside or char not in "{}[],:" else random.choice(blanks) + char + random.choice(blanks)
        at += 1
    return random.choice(blanks) + made + random.choice(blanks)


@pytest.mark.usefixtures("blocks")
def test_parts_of_json(seed: int) -> None:
    """Fields, elements and paths of json documents."""
    random = Random(seed)
    found = [spaced(random, text) for text in documents(random, 300)]
    plain = [spaced(random, text) for text in documents(random, 300) if "\\" not in text and "é" not in text]
    for values in (found, plain):
        column, n = texts(values), len(values)
        for key in KEYS:
            for name in ("json_object_field", "json_object_field_text"):
                check(f"{name}(json,text)", [column, constant("text", key, n)], [(value, key) for value in values], always=True)
        for place in (0, 1, 2, 3, -1, -2, 40):
            for name in ("json_array_element", "json_array_element_text"):
                check(f"{name}(json,int4)", [column, constant("int4", place, n)], [(value, place) for value in values], always=True)
        for _ in range(20):
            path = PgArray.of(tuple(random.choice((*KEYS, None, "1", "2", "+0", " 1", "1 ")) for _ in range(random.choice((1, 2, 3)))))
            for name in ("json_extract_path", "json_extract_path_text"):
                check(f"{name}(json,_text)", [column, constant("_text", path, n)], [(value, path) for value in values])


def test_containment_and_equality(seed: int) -> None:
    """@>, <@ and comparisons with one document and with another column."""
    random = Random(seed)
    found = documents(random, 300)
    for wanted in {write_jsonb(read_json(document(random, 2))) for _ in range(40)}:
        values = [(value, wanted) for value in found]
        for name in ("contains", "contained", "eq", "ne"):
            check(f"jsonb_{name}(jsonb,jsonb)", [texts(found), constant("jsonb", wanted, len(found))], values, always=True)
    others = [value if random.random() < 0.5 else value.replace("1.0", "1.00") for value in found]
    check("jsonb_eq(jsonb,jsonb)", [texts(found), texts(others)], list(zip(found, others, strict=True)), always=True)


TEXTS = (
    "",
    "a",
    "A",
    "_x1",
    "1a",
    "select",
    "user",
    "it's",
    'say "x"',
    "a\\b",
    "\\'",
    "é",
    "日本",
    "😀",
    "a²",
    "a\n",
    "x" * 100,
    " a",
    "ß",
    "\x7f",
    "a$b",
)


def test_texts(seed: int) -> None:
    """Quoting, code points."""
    random = Random(seed)
    values = [random.choice(TEXTS) + (random.choice(TEXTS) if random.random() < 0.5 else "") for _ in range(300)]
    for signature in ("quote_ident(text)", "quote_literal(text)", "quote_nullable(text)", "ascii(text)"):
        check(signature, [texts(values)], [(value,) for value in values], always=True)


@pytest.mark.parametrize("spaced", (False, True))
def test_base64(seed: int, spaced: bool) -> None:
    """decode of digits with padding and spaces; what is no base64 is left to the function."""
    random = Random(seed)
    values = [base64.b64encode(random.randbytes(random.choice((0, 1, 2, 3, 4, 57, 60)))).decode() for _ in range(200)]
    if spaced:
        values = ["".join(char + random.choice(("", "", "\n", " ")) for char in value) for value in values]
    form = constant("text", "base64", len(values) + 1)
    for last in ("QQ==", "QR==", "QUI="):
        check("decode(text,text)", [texts([*values, last]), form], [(value, "base64") for value in (*values, last)], always=True)
    columns = SCALARS[oid_of("decode(text,text)")].columns
    assert columns is not None
    for wrong in ("Q", "QQ", "QQ=", "=QQ=", "Q===", "====", "QQ==QQ==", "Q-==", "é==="):
        assert columns(texts([*values, wrong]), form) is None


def numbers(random: Random, count: int, scale: int, digits: int) -> list[Decimal]:
    """Numbers above zero with so many decimals, of up to so many digits."""
    found = [Decimal(random.randint(1, 10 ** random.randint(1, digits))).scaleb(-scale) for _ in range(count)]
    unit = 10**scale
    near = (
        unit,
        unit + 1,
        max(unit - 1, 1),
        unit * 11 // 10,
        max(unit * 9 // 10, 1),
        22026 * unit,
        22027 * unit,
        2 * unit,
        10 * unit,
        1000 * unit,
        1,
    )
    return [*found, *(Decimal(value).scaleb(-scale) for value in near)]


@pytest.mark.parametrize(("scale", "digits"), [(0, 3), (0, 17), (2, 6), (2, 15), (6, 6), (6, 18), (15, 16), (18, 18)])
def test_extended(seed: int, scale: int, digits: int) -> None:
    """Logarithms, powers, exponentials and whole quotients of numerics, with their display scales."""
    random = Random(seed)
    values = numbers(random, 150, scale, digits)
    column, n = from_datums(BY_NAME["numeric"], values), len(values)
    for name in ("ln(numeric)", "log(numeric)"):
        check(name, [column], [(value,) for value in values])
    for base in map(Decimal, ("2", "10", "0.5", "1.0001", "3.14159")):
        check("log(numeric,numeric)", [constant("numeric", base, n), column], [(base, value) for value in values])
    for exponent in map(Decimal, ("0.5", "-0.5", "1.5", "0.333", "-2.7", "0.001")):
        check("power(numeric,numeric)", [column, constant("numeric", exponent, n)], [(value, exponent) for value in values])
    for name in ("scale(numeric)", "min_scale(numeric)", "trim_scale(numeric)"):
        more = [*values, *(value.quantize(Decimal(1)).quantize(value) for value in values if value < 100), Decimal(0)]
        check(name, [from_datums(BY_NAME["numeric"], more)], [(value,) for value in more])
    small = [value if value < 3000 else Decimal(1) for value in values]
    signed = [-value if random.random() < 0.5 else value for value in small]
    check("exp(numeric)", [from_datums(BY_NAME["numeric"], signed)], [(value,) for value in signed])
    others = numbers(random, 150, random.choice((0, 2, 9)), 7)
    check(
        "div(numeric,numeric)",
        [from_datums(BY_NAME["numeric"], signed), from_datums(BY_NAME["numeric"], others)],
        list(zip(signed, others, strict=True)),
    )
    for wrong in map(Decimal, ("0", "-1", "NaN", "Infinity")):
        columns = SCALARS[oid_of("ln(numeric)")].columns
        assert columns is not None
        assert columns(from_datums(BY_NAME["numeric"], [*values, wrong])) is None


WORDS = ("YYYY", "MM", "DD", "HH24", "HH12", "HH", "MI", "SS", "MS", "FF1", "FF3", "Mon", "MONTH", "month", "Day", "DY", "D", "ID", "IW", "IYYY", "DDD", "IDDD", "WW",
         "W", "Q", "CC", "J", "YY", "YYY", "Y", "Y,YYY", "AM", "p.m.", "BC", "a.d.", "RM", "rm", "SSSS", "FMDD", "FMMonth", "DDth", "FMMITH", "US", "TZ", "FX")  # fmt: skip


@pytest.mark.parametrize("span", range(4))
def test_to_char(span: int) -> None:
    """Timestamps through pictures; with infinities."""
    random = Random(span)
    least, most = ((-(10**12), 10**13), (0, 10**15), (-(10**17), -(5 * 10**16)), (0, 10**18))[span]
    values = [random.randint(least, most) // 10 ** random.choice((0, 3, 6)) * 10 ** random.choice((0, 3, 6)) for _ in range(300)]
    values = [value if abs(value) < 10**18 else 0 for value in values] + [2**63 - 1, -(2**63)]
    column = from_datums(BY_NAME["timestamp"], values)
    for _ in range(60):
        picture = random.choice(("", "at ", '"x"')) + "".join(
            random.choice(WORDS) + random.choice((" ", "-", ":", "", '"it"')) for _ in range(random.choice((1, 3, 5)))
        )
        check("to_char(timestamp,text)", [column, constant("text", picture, len(values))], [(value, picture) for value in values])
