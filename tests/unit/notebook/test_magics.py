"""%sql and %%sql in an IPython shell: connections, parameters, results, errors in psql's form, plans."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from auroraml.notebook.arguments import BadLine, parse
from auroraml.notebook.parameters import NoVariable, named
from auroraml.notebook.results import ResultSet


class Notebook:
    """A shell of its own; `out` is what was displayed as text, `printed` as it was printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.shell = InteractiveShell.instance()
        self.publisher = CapturingDisplayPublisher()
        self.shell.display_pub = self.publisher

    def run(self, code: str) -> Any:
        """A cell's result; its errors are in `error`."""
        self.publisher.outputs.clear()
        self.capsys.readouterr()
        done = self.shell.run_cell(code)
        self.error = done.error_before_exec or done.error_in_exec
        captured = self.capsys.readouterr()
        self.printed, self.errors = captured.out, captured.err
        self.out = [entry["data"] for entry in self.publisher.outputs]
        return done.result


@pytest.fixture
def notebook(capsys: pytest.CaptureFixture[str]) -> Iterator[Notebook]:
    InteractiveShell.clear_instance()
    made = Notebook(capsys)
    made.run("%load_ext auroraml")
    assert made.error is None
    yield made
    made.run("%sql --close")
    made.shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_a_result(notebook: Notebook) -> None:
    found = notebook.run("%sql SELECT 7 AS n, 'a' AS t, NULL::date AS d, '' AS empty")
    assert isinstance(found, ResultSet)
    assert len(found) == 1 and list(found) == [(7, "a", None, "")] and found[0] == (7, "a", None, "")
    assert found.columns == ("n", "t", "d", "empty") and found.types == ("int4", "text", "date", "text")
    assert found.arrow().schema.field("n").type == pa.int32()
    assert pa.table(found).to_pylist() == found.dicts()
    assert found.scalar() == 7
    assert repr(found) == " n | t | d    | empty\n---+---+------+-------\n 7 | a | NULL |\n(1 row)"
    shown = found._repr_html_()
    assert '<th class="n">n<small>int4</small></th><th>t<small>text</small></th>' in shown
    assert '<td class="n">7</td><td>a</td><td class="w"><i>NULL</i></td><td></td>' in shown


def test_html_is_escaped_and_cut(notebook: Notebook) -> None:
    found = notebook.run("%sql --limit 3 SELECT '<b>' || g AS \"x<y\" FROM generate_series(1, 1200) AS g")
    shown = found._repr_html_()
    assert "<b>" not in shown and "&lt;b&gt;3" in shown and "&lt;b&gt;4" not in shown and "x&lt;y" in shown
    assert "1,200 rows, the first 3 shown" in shown and len(found) == 1200
    notebook.run("%config SqlMagics.limit = 2")
    assert "5 rows, the first 2 shown" in repr(notebook.run("%sql SELECT generate_series(1, 5)"))


EVERY_KIND = """SELECT 1::int2 AS small, 2::int8 AS big, 1.5::float4 AS f, 1.50::numeric AS n, 1.5::numeric(10, 2) AS fixed, 'x' AS t, true AS b,
 date '2026-01-02' AS d, timestamptz '2026-01-02 10:00+02' AS at, interval '1 month 2 days' AS span, ARRAY[interval '1 day'] AS spans,
 '{"a": 1}'::jsonb AS j, ARRAY[1, 2] AS l, '\\x01'::bytea AS y, row(1, 'a') AS r, NULL::text AS nothing, 1 AS a, 2 AS a, 3 AS a_1"""


def test_a_pandas_frame(notebook: Notebook) -> None:
    pytest.importorskip("pandas")
    frame = notebook.run(f"%sql {EVERY_KIND}".replace("\n", " ")).df()
    assert frame.shape == (1, 19) and list(frame.columns[-3:]) == ["a", "a_2", "a_1"] and list(frame.iloc[0, -3:]) == [1, 2, 3]
    assert frame["small"].dtype == "int16" and frame["fixed"][0] == Decimal("1.50") and frame["n"][0] == "1.50" and frame["nothing"].isna()[0]
    assert str(frame["at"][0]) == "2026-01-02 08:00:00+00:00" and list(frame["l"][0]) == [1, 2] and frame["r"][0] == {"f1": 1, "f2": "a"}
    assert notebook.run("%sql SELECT 1 AS a WHERE false").df().shape == (0, 1)


def test_a_polars_frame(notebook: Notebook) -> None:
    polars = pytest.importorskip("polars")
    result = notebook.run(f"%sql {EVERY_KIND}".replace("\n", " "))
    frame = result.pl()
    assert frame.shape == (1, 19) and frame.columns[-3:] == ["a", "a_2", "a_1"] and frame.row(0)[-3:] == (1, 2, 3)
    assert frame["small"].dtype == polars.Int16 and frame["fixed"][0] == Decimal("1.50") and frame["nothing"][0] is None
    assert frame["span"][0] == "1 mon 2 days" and frame["spans"][0] == '{"1 day"}', "Polars has no intervals of months"
    assert result.dicts()[0]["a"] == 1 and result.dicts()[0]["a_2"] == 2
    assert notebook.run("%sql SELECT 1 AS a WHERE false").pl().shape == (0, 1)
    assert polars.DataFrame(notebook.run("%sql SELECT 1 AS a")).row(0) == (1,)


@pytest.mark.parametrize(("package", "method"), [("pandas", "df"), ("polars", "pl")])
def test_a_package_that_is_missing_is_named(package: str, method: str, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"{method}\(\) needs {package}, which is not installed: pip install {package}"):
        getattr(notebook.run("%sql SELECT 1 AS a"), method)()


def test_long_values_are_cut_where_they_are_shown(notebook: Notebook) -> None:
    found = notebook.run("%sql SELECT repeat('<x', 1000) AS long, ARRAY[1] AS l, '' AS e")
    assert len(found.scalar()) == 2000
    for shown in (repr(found), found._repr_html_()):
        assert "… (2,000 characters)" in shown and len(shown) < 8000
    assert "<small>int4[]</small>" in found._repr_html_() and found.types[1] == "_int4"
    assert repr(notebook.run("%sql SELECT")) == "--\n(1 row)"


def test_what_psql_describes(notebook: Notebook) -> None:
    notebook.run("%%sql\nCREATE TABLE t (a int PRIMARY KEY);\n\\d t\nSELECT 1 AS one;\n\\dt;\n-- the end\n")
    assert notebook.error is None and notebook.out[0]["text/plain"].startswith(" one\n")
    assert ' Table "public.t"' in notebook.printed and '"t_pkey" PRIMARY KEY' in notebook.printed and "public | t    | table" in notebook.printed
    notebook.run("%sql \\d absent")
    assert 'Did not find any relation named "absent".' in notebook.printed and notebook.error is not None
    notebook.run("%sql \\copy t FROM 'x'")
    assert "\\copy is for auroraml-sql" in notebook.printed
    notebook.run("%sql DROP TABLE IF EXISTS absent")
    assert notebook.out[0]["text/plain"].startswith("NOTICE:"), "notices come as before"
    assert notebook.run("%sql \\d") is None


def test_loading_twice_keeps_the_connection(notebook: Notebook) -> None:
    first = notebook.run("%sql")
    notebook.run("%load_ext auroraml")
    assert notebook.error is None
    notebook.run("%reload_ext auroraml")
    assert notebook.error is None and notebook.run("%sql") is first


def test_a_story_is_open(notebook: Notebook) -> None:
    assert "<details open><summary>QUERY PLAN" in notebook.run("%sql EXPLAIN (TUTOR) SELECT 1")._repr_html_()
    assert "<details><summary>QUERY PLAN" in notebook.run("%sql EXPLAIN SELECT 1")._repr_html_()


def test_a_cell_of_several_statements(notebook: Notebook) -> None:
    last = notebook.run(
        "%%sql\nCREATE TABLE t (a int);\nINSERT INTO t VALUES (1), (2);\nSELECT 'first';\nDROP TABLE IF EXISTS absent;\nSELECT sum(a) FROM t;"
    )
    assert list(last) == [(3,)]
    assert notebook.printed.startswith("CREATE TABLE\nINSERT 0 2\nDROP TABLE\n")
    assert ["first" in data["text/plain"] for data in notebook.out] == [True, False]
    assert notebook.out[1]["text/plain"] == 'NOTICE:  table "absent" does not exist, skipping'
    assert notebook.run("%%sql -q\nSELECT 1; SELECT 2") is None and not notebook.out
    assert notebook.run("%%sql\n-- nothing\n") is None and notebook.error is None


def test_assignment(notebook: Notebook) -> None:
    assert notebook.run("%%sql kept <<\nSELECT 1 AS one") is None
    assert notebook.run("list(kept)") == [(1,)]
    assert notebook.run("%sql kept << SELECT 2") is None
    assert notebook.run("kept.scalar()") == 2
    assert list(notebook.run("x = %sql SELECT 3\nx")) == [(3,)]
    assert list(notebook.run("%sql SELECT 1 << 3")) == [(8,)], "an operator is none"


def test_parameters(notebook: Notebook) -> None:
    notebook.run('n = 3; name = "o\'x"; none = None; days = [1, 2]')
    found = notebook.run(
        "%sql SELECT $n + 1, :name, ':n', 5 % 3, 'a%', (ARRAY[:n, 5, 6])[1:2], 1::int, $$:n $name$$, :none IS NULL, 2 = ANY(:days) /* :n */"
    )
    assert list(found) == [(4, "o'x", ":n", 2, "a%", [3, 5], 1, ":n $name", True, True)]
    notebook.run("%sql CREATE TABLE u (a text DEFAULT :name)")
    assert list(notebook.run("%sql INSERT INTO u VALUES (DEFAULT) RETURNING a")) == [("o'x",)], "a definition takes literals"
    notebook.run("%sql SELECT :missing")
    assert "there is no variable 'missing' for :missing" in notebook.errors
    notebook.run("%sql SELECT * FROM u WHERE a = :n")
    assert "ERROR:  operator does not exist: text = smallint\nLINE 1: SELECT * FROM u WHERE a = $1\n" in notebook.printed


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT a[1:n]", None), ("SELECT a[b:n]", None), ("SELECT a[:n]", "SELECT a[%(n)s]"), ("SELECT f(x):n", "SELECT f(x)%(n)s"),
        ('SELECT ":n", E\'\\\':n\', $x$ $n $x$, x$n', None), ("SELECT 1 -- :n", None), ("/* /* :n */ :n */ SELECT 1", None), ("SELECT x := 1", None),
        ("SELECT $1, :n", "SELECT $1, %(n)s"), ("SELECT 'it''s', :n % 2", "SELECT 'it''s', %(n)s %% 2"), ("SELECT 'open :n", "SELECT 'open %(n)s"),
    ],
)  # fmt: skip
def test_where_parameters_are_found(sql: str, wanted: str | None) -> None:
    assert named(sql, {"n": 1}) == ((sql, None) if wanted is None else (wanted, {"n": 1}))
    if wanted is not None:
        with pytest.raises(NoVariable):
            named(sql, {})


def test_errors_have_psqls_form_and_no_traceback(notebook: Notebook) -> None:
    notebook.run("%%sql\nSELECT 1;\nSELECT *\nFROM nowhere;\nSELECT 'not reached'")
    assert 'ERROR:  relation "nowhere" does not exist\nLINE 2: FROM nowhere\n             ^' in notebook.printed
    assert len(notebook.out) == 1 and notebook.error is not None and "Traceback" not in notebook.printed + notebook.errors
    notebook.run("%sql DO NOTHING")
    assert notebook.printed.startswith("\x1b[31mERROR:")


def test_connections(notebook: Notebook) -> None:
    first = notebook.run("%sql")
    notebook.run("%sql CREATE TABLE here (a int)")
    notebook.run("%sql --database other")
    assert list(notebook.run("%sql SELECT current_database(), to_regclass('here')")) == [("other", None)]
    notebook.run("import auroraml\nmine = auroraml.connect(autocommit=True)\nmine.execute('CREATE TABLE m (a int)')\nbase = mine.database")
    assert len(notebook.run("%sql -c mine SELECT * FROM m")) == 0
    assert len(notebook.run("%sql SELECT * FROM m")) == 0, "it stays in use"
    assert notebook.run("%sql") is notebook.run("mine")
    assert len(notebook.run("%sql --connection=base -U rdsadmin SELECT * FROM m WHERE current_user = 'rdsadmin'")) == 0
    notebook.shell.user_ns["first"] = first
    assert len(notebook.run("%sql -c first SELECT * FROM here")) == 0
    notebook.run("%sql -c nonsense SELECT 1")
    assert "no connection or database in a variable 'nonsense'" in notebook.errors
    notebook.run("mine.close()")


def test_a_configuration_file(notebook: Notebook, tmp_path: Path) -> None:
    file = tmp_path / "endpoints.toml"
    file.write_text('[endpoints.e]\nkind = "callable"\ncallable = "auroraml.lessons.models:anomaly"\n')
    notebook.run(f"%sql --config {file} CREATE EXTENSION aws_ml CASCADE")
    assert notebook.out[0]["text/plain"].startswith("NOTICE:  installing required extension")
    assert list(notebook.run("%sql SELECT aws_sagemaker.invoke_endpoint('e', NULL, 'AB'::text)")) == [("1",)]
    notebook.run(f"%sql --config {tmp_path / 'absent.toml'}")
    assert "absent.toml" in notebook.errors


def test_calls_are_drawn(notebook: Notebook) -> None:
    notebook.run("%%sql\nCREATE EXTENSION aws_ml CASCADE;\nSET auroraml.clock = 'virtual'")
    query = "SELECT aws_comprehend.detect_sentiment('I love it', 'en', 2) FROM generate_series(1, 5)"
    found = notebook.run(f"%sql EXPLAIN (ANALYZE) {query}")
    shown = found._repr_html_()
    assert "<svg" in shown and shown.count("ga-work") >= 3
    assert "<svg" not in notebook.run(f"%sql EXPLAIN {query}")._repr_html_()


def test_plans(notebook: Notebook) -> None:
    notebook.run("%%sql\nCREATE TABLE t AS SELECT generate_series(1, 9) AS a")
    found = notebook.run("%sql EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT a FROM t WHERE a < 4")
    assert repr(found).startswith("Seq Scan on t (actual rows=3 loops=1)\n  Filter: (a < 4)")
    assert found.plan["Plan"]["Actual Rows"] == 3
    shown = found._repr_html_()
    assert 'class="auroraml-plan"' in shown and "<pre>Seq Scan on t (actual rows=3" in shown
    assert notebook.run("%sql --no-picture EXPLAIN SELECT 1")._repr_html_().startswith("<pre>Result")


def test_lines() -> None:
    assert parse("--limit=5 -q x << SELECT 1").name == "x"
    assert parse("-- a comment").sql == "-- a comment" and parse("-1").sql == "-1"
    for bad in ("--limit", "--limit many SELECT", "--nothing", "-q=1"):
        with pytest.raises(BadLine):
            parse(bad)


def test_the_pages_cells_run(notebook: Notebook) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "notebooks.md"
    cells = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    assert len(cells) == 4
    for cell in cells:
        notebook.run(cell)
        assert notebook.error is None, cell
    assert list(notebook.shell.user_ns["found"]) == [(1,), (2,)]


def test_an_interrupt_cancels_the_statement(notebook: Notebook) -> None:
    notebook.run("%sql SELECT 1")
    former = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.5, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    notebook.run("%sql SELECT pg_sleep(60)")
    timer.join()
    assert time.monotonic() - begun < 30
    assert "ERROR:  canceling statement due to user request" in notebook.printed
    assert signal.getsignal(signal.SIGINT) is former
    assert list(notebook.run("%sql SELECT 2")) == [(2,)]
