"""Scenario: what one TOML file of a benchmark says, read and checked; ValueError names what is wrong."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from auroraml.scenarios.places import At, Wrong, line_of

TABLE = ("columns", "generator", "file", "options", "simulated")  # what is said of a table
SHIPPED = Path(__file__).parent / "shipped"
CLOCKS = ("virtual", "real")
Value = int | float | str
Point = Mapping[str, Value]  # one value of each of the grid's names
_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")
_AT = re.compile(r"(.*) \(at line (\d+), column (\d+)\)")  # where tomllib says that a text is no TOML
_OF_A_RUN = frozenset({"i"})  # {i}: the number of the execution, from 1


@dataclass(frozen=True, kw_only=True)
class Data:
    """One table: its columns, what fills it (a query, or a Parquet or CSV file), its storage parameters, or how many rows are to be simulated."""

    name: str
    columns: str = ""
    generator: str = ""
    file: str = ""
    options: str = ""
    simulated: str | int = ""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A statement that is measured: `times` executions, one after another; `first_row`: how long a cursor's first row takes, too.

    `rows`: how many rows one execution stands for, where it neither returns nor changes them all itself.
    """

    name: str
    sql: str
    times: int | str = 1
    before: Sequence[str] = ()
    rows: int | str = ""
    first_row: bool = False


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something the results should show: its kind (see findings.py) and that kind's own words."""

    kind: str
    says: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A whole benchmark. `along`: the grid's name on the horizontal axis; `lines`: the one that makes a line each."""

    name: str
    title: str
    grid: Mapping[str, Sequence[Value]]
    measures: Sequence[Measure]
    about: str = ""
    service: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Data] = ()
    setup: Sequence[str] = ()
    claims: Sequence[Claim] = ()
    where: str = ""
    along: str = ""
    lines: str = ""
    folder: Path = Path()
    file: str = ""
    text: str = field(default="", repr=False)  # of the file

    def place(self, *at: str | int) -> str:
        """Where a key stands, as errors begin with it: "file:line: "."""
        line = line_of(self.text, at)
        return "" if not self.file else f"{self.file}: " if line is None else f"{self.file}:{line}: "

    def points(self) -> Iterator[Point]:
        """All combinations of the grid's values for which `where` holds, the last name's values changing quickest."""
        for values in itertools.product(*self.grid.values()):
            point = dict(zip(self.grid, values, strict=True))
            if not self.where or _holds(self.where, point):
                yield point


_COMPARED = re.compile(r"\s*(\w+)\s*(==|<=|>=|<|>)\s*(\w+)\s*")
_TESTS = {"==": lambda a, b: a == b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, ">": lambda a, b: a > b}


def _holds(where: str, point: Point) -> bool:
    """Whether each comparison of `where`, joined by "and", holds: names of the grid and numbers on either side."""
    for part in where.split(" and "):
        found = _COMPARED.fullmatch(part)
        if found is None:
            raise Wrong(f'where is "name <= name and ...", not {where!r}', "where")
        left, right = (point[side] if side in point else _number(side, where) for side in (found[1], found[3]))
        if not _TESTS[found[2]](left, right):
            return False
    return True


def _number(text: str, where: str) -> Value:
    try:
        return int(text)
    except ValueError:
        raise Wrong(f"where compares names of the grid and numbers, and {text!r} of {where!r} is neither", "where") from None


def filled(value: object, point: Point) -> object:
    """`value` with the point's values in place of {name}; a text that is nothing but {name} becomes the value itself."""
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole is not None and whole[1] in point:
            return point[whole[1]]
        return _PLACE.sub(lambda found: str(point[found[1]]) if found[1] in point else found[0], value)
    if isinstance(value, Mapping):
        return {key: filled(item, point) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [filled(item, point) for item in value]
    return value


def text(value: str, point: Point) -> str:
    """The same of a text."""
    return str(filled(value, point))


def whole_number(value: int | str, point: Point, what: str) -> int:
    """A whole number that may be written as a placeholder, or as a product or quotient of placeholders and numbers ("{rows} / {batch}")."""
    found = str(filled(value, point))
    result: int | None = None
    sign = "*"
    for word in re.split(r"\s*([*/])\s*", found):
        if word in ("*", "/"):
            sign = word
            continue
        if not word.isdigit() or (sign == "/" and int(word) == 0):
            raise ValueError(f"{what} is a whole number, not {found!r}")
        result = int(word) if result is None else result * int(word) if sign == "*" else result // int(word)
    assert result is not None
    return result


def shipped() -> list[str]:
    """The names of the scenarios that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find(name: str) -> Scenario:
    """A shipped scenario by name, or the one in a file; ValueError where there is neither."""
    path = SHIPPED / f"{name}.toml"
    if "/" not in name and path.exists():
        return read(path)
    if Path(name).suffix == ".toml" and Path(name).exists():
        return read(Path(name))
    if Path(name).suffix == ".toml" or "/" in name:
        raise ValueError(f"{name}: {'this is no TOML file' if Path(name).exists() else 'No such file or directory'}")
    raise ValueError(f"there is no scenario {name!r}: it is a TOML file, or one of {', '.join(shipped())}")


def read(path: Path) -> Scenario:
    """The scenario in a file."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    try:
        return replace(scenario_of(tomllib.loads(text), name=path.stem, folder=path.parent), file=str(path), text=text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.fullmatch(str(error))
        raise ValueError(f"{path}:{found[2]}:{found[3]}: {found[1]}" if found else f"{path}: {error}") from error
    except Wrong as error:
        line = line_of(text, error.at)
        raise ValueError(f"{path}{'' if line is None else f':{line}'}: {error}") from error


def scenario_of(table: Mapping[str, object], *, name: str, folder: Path = Path()) -> Scenario:
    """The scenario a TOML document describes."""
    known = {"title", "about", "grid", "where", "service", "settings", "tables", "setup", "measure", "claims", "report"}
    _known(table, known, "the file", ())
    grid = {key: _values(key, values) for key, values in _table(table, "grid").items()}
    measures = [_measure(item, number) for number, item in enumerate(_list(table, "measure"))]
    if not measures:
        raise Wrong("there is no [[measure]]")
    report = _table(table, "report")
    _known(report, {"along", "lines"}, "[report]", ("report",))
    several = [key for key, values in grid.items() if len(values) > 1]
    along = str(report.get("along", several[-1] if several else next(iter(grid), "")))
    lines = str(report.get("lines", next((key for key in several if key != along), "")))
    for word, key in (("along", along), ("lines", lines)):
        if key and key not in grid:
            raise Wrong(f"[report] names {key!r}, which the grid does not have", "report", word)
    made = Scenario(
        name=name, title=str(table.get("title", name)), about=str(table.get("about", "")), grid=grid, where=str(table.get("where", "")),
        service=_table(table, "service"), settings={key: str(value) for key, value in _table(table, "settings").items()},
        tables=[_data(key, value) for key, value in _table(table, "tables").items()], setup=[str(sql) for sql in _list(table, "setup")],
        measures=measures, claims=[_claim(item, number) for number, item in enumerate(_list(table, "claims"))], along=along, lines=lines, folder=folder,
    )  # fmt: skip
    _check_places(made)
    if not any(True for _ in made.points()):
        raise Wrong("no point of the grid is left by where", "where")
    return made


def _values(name: str, values: object) -> list[Value]:
    if not isinstance(values, list) or not values or not all(isinstance(value, int | float | str) for value in values):
        raise Wrong(f"grid.{name} is a list of numbers or texts", "grid", name)
    return values


def _check_places(scenario: Scenario) -> None:
    """Each {name} is one of the grid's; a brace that is no name is SQL's own."""
    written: dict[str, object] = {"service": scenario.service, "settings": scenario.settings, "setup": list(scenario.setup)}
    written["tables"] = {data.name: {name: getattr(data, name) for name in TABLE} for data in scenario.tables}
    written["measure"] = [{name: getattr(measure, name) for name in ("sql", "times", "rows", "before")} for measure in scenario.measures]
    for name, at in _places(written, ()):
        if name not in scenario.grid and name not in _OF_A_RUN:
            raise Wrong(f"{{{name}}} is none of the grid's names: {', '.join(scenario.grid) or 'it has none'}", *at)


def _places(value: object, at: At) -> Iterator[tuple[str, At]]:
    """The {names} in a document's texts, and where each stands."""
    if isinstance(value, str):
        yield from ((name, at) for name in _PLACE.findall(value))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(item, (*at, key))
    elif isinstance(value, Sequence):
        for number, item in enumerate(value):
            yield from _places(item, (*at, number))


def _known(table: Mapping[str, object], names: Collection[str], where: str, at: At) -> None:
    strange = sorted(table.keys() - set(names))
    if strange:
        raise Wrong(f"{where} has {strange[0]!r}, which is not one of {', '.join(sorted(names))}", *at, strange[0])


def _table(table: Mapping[str, object], key: str) -> dict[str, object]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise Wrong(f"{key} is a table", key)
    return found


def _list(table: Mapping[str, object], key: str) -> list[object]:
    found = table.get(key, [])
    if not isinstance(found, list):
        raise Wrong(f"{key} is a list: [[{key}]]" if key in ("measure", "claims") else f"{key} is a list", key)
    return found


def _data(name: str, value: object) -> Data:
    if not isinstance(value, dict):
        raise Wrong(f"tables.{name} is a table", "tables", name)
    _known(value, TABLE, f"tables.{name}", ("tables", name))
    if bool(value.get("generator")) == bool(value.get("file")):
        raise Wrong(f"tables.{name} has a generator or a file", "tables", name)
    if value.get("generator") and not value.get("columns"):
        raise Wrong(f"tables.{name} has no columns", "tables", name)
    return Data(name=name, **value)


def _measure(value: object, number: int) -> Measure:
    at = ("measure", number)
    if not isinstance(value, dict) or "sql" not in value:
        raise Wrong("a [[measure]] has sql", *at)
    _known(value, {"name", "sql", "times", "before", "rows", "first_row"}, "a [[measure]]", at)
    for name in ("name", "sql"):
        if not isinstance(value.get(name, ""), str):
            raise Wrong(f"the {name} of a [[measure]] is a text", *at, name)
    return Measure(**{"name": "", **value})


def _claim(value: object, number: int) -> Claim:
    if not isinstance(value, dict) or "kind" not in value:
        raise Wrong("one of [[claims]] has no kind", "claims", number)
    options = {key: item for key, item in value.items() if key not in ("kind", "says")}
    return Claim(kind=str(value["kind"]), says=str(value.get("says", "")), options=options)
