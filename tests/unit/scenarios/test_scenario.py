"""Scenario files: what is read, what is filled in, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from auroraml.scenarios.scenario import Value, filled, find, scenario_of, shipped, whole_number

LEAST: dict[str, object] = {"grid": {"batch": [10, 100]}, "measure": [{"name": "m", "sql": "SELECT {batch}"}]}


def made(**more: object) -> dict[str, object]:
    """The smallest scenario, and more."""
    return {**LEAST, **more}


def test_the_grid_is_all_combinations_and_where_leaves_some_out() -> None:
    scenario = scenario_of(made(grid={"instances": [1, 2], "batch": [1, 2, 4]}, where="instances <= batch"), name="s")
    assert [tuple(point.values()) for point in scenario.points()] == [(1, 1), (1, 2), (1, 4), (2, 2), (2, 4)]
    assert (scenario.along, scenario.lines) == ("batch", "instances")


def test_where_compares_with_numbers_too() -> None:
    scenario = scenario_of(made(grid={"a": [1, 2, 3], "batch": [2]}, where="a > 1 and a == batch"), name="s")
    assert [dict(point) for point in scenario.points()] == [{"a": 2, "batch": 2}]


def test_places_are_filled_in_texts_and_tables() -> None:
    point: dict[str, Value] = {"n": 4, "what": "x"}
    assert filled({"instances": "{n}", "text": "{what} of {n}", "list": ["{n}"], "sql": "'{1,2}'"}, point) == {
        "instances": 4, "text": "x of 4", "list": [4], "sql": "'{1,2}'",
    }  # fmt: skip


@pytest.mark.parametrize(("value", "wanted"), [("{rows}", 1000), ("{rows} / {batch}", 40), ("2 * {rows}", 2000), (7, 7), ("{batch}*3/2", 37)])
def test_whole_numbers_may_be_computed(value: int | str, wanted: int) -> None:
    assert whole_number(value, {"rows": 1000, "batch": 25}, "times") == wanted


@pytest.mark.parametrize("value", ["{rows} / 0", "many", "1.5", "-3", ""])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="times is a whole number"):
        whole_number(value, {"rows": 10}, "times")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"grid": {}}, "there is no [[measure]]"),
        (made(grid={"batch": []}), "grid.batch is a list of numbers or texts"),
        (made(grid={"batch": [[1]]}), "grid.batch is a list of numbers or texts"),
        (made(measur=[]), "the file has 'measur', which is not one of about, claims,"),
        (made(measure=[{"name": "m"}]), "a [[measure]] has sql"),
        (made(measure=[{"sql": "SELECT 1", "tims": 2}]), "a [[measure]] has 'tims'"),
        (made(measure=[{"sql": "SELECT {bach}"}]), "{bach} is none of the grid's names: batch"),
        (made(tables={"t": {"columns": "a int"}}), "tables.t has a generator or a file"),
        (made(tables={"t": {"generator": "SELECT 1"}}), "tables.t has no columns"),
        (made(tables={"t": 3}), "tables.t is a table"),
        (made(report={"along": "rows"}), "[report] names 'rows', which the grid does not have"),
        (made(where="batch > rows"), "where compares names of the grid and numbers, and 'rows' of 'batch > rows' is neither"),
        (made(where="batch > 10 or 1"), 'where is "name <= name and ..."'),
        (made(where="batch > 1000"), "no point of the grid is left by where"),
        (made(claims=[{"says": "x"}]), "one of [[claims]] has no kind"),
        (made(setup="SELECT 1"), "setup is a list"),
        (made(settings=[1]), "settings is a table"),
    ],
)
def test_a_wrong_file_is_told_what_is_wrong(table: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError) as error:
        scenario_of(table, name="s")
    assert says in str(error.value)


def test_shipped_scenarios_are_found_and_others_are_files(tmp_path: Path) -> None:
    assert {"batch_size", "first_rows", "workers_instances", "insert_or_update", "limit"} <= set(shipped())
    for name in shipped():
        scenario = find(name)
        assert scenario.title != name
        assert scenario.about
    own = tmp_path / "mine.toml"
    own.write_text('title = "Mine"\n[grid]\nbatch = [1]\n[[measure]]\nsql = "SELECT {batch}"\n', encoding="utf-8")
    assert find(str(own)).title == "Mine"
    with pytest.raises(ValueError, match="there is no scenario 'nothing': it is a TOML file, or one of batch_size,"):
        find("nothing")
    own.write_text("title = ", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.toml: "):
        find(str(own))
