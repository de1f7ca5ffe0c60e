"""Random tables, errors and scripts: the same screen as psql 15's (with --oracle)."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pytest
from auroraml_cli.client import Client, Column, Diagnostic, Progress, Result
from auroraml_cli.mainloop import run_file
from auroraml_cli.output import Format, Options, Table, render
from auroraml_cli.shell import Shell

from auroraml.errors.report import excerpt
from auroraml.services.log import CallRecord
from auroraml.session.notifications import Notification
from tests.runner.cluster import binaries

Psql = Callable[[str], str]
CELLS = (
    "", "x", "abc", "hello world", "a\nbb", "a\n\nccc", "日本語", "tab\there", "b\rc", "x" * 30, "e\u0301z", '<b>&"', "  lead", "a|b,c", None, "\\.",
    'quote"q', "日本\n語x", "long text with words that wrap " * 3, "\x01ctl",
)  # fmt: skip
NAMES = ("a", "b", "wide name", "two\nlines", "日本", "c\nd\ne", "x" * 20)
PIECES = (
    "select 1", "'a;b'", '"x;y"', "$$ ; $$", "$t$ ' $$ $t$", "/* c ; /* n */ */", "-- comment ;\n", "\n", ";", "; ", "(", ")", " ", "\t", "1", "e'\\';'",
    "E'a\\\\'", "'it''s'", "a", "::int", ":x", ":'x'", ':"x"', ":{?x}", ":{?nope}", ":nope", "\\;", "\\:", "b'1'", "u&'x'", "begin", "end", "case",
    "create function f() begin atomic", "create or replace procedure p()", "1.5", "$1", "$", "@", ":=", "[1:2]", "\\g\n", "\\gx\n", "\\p\n", "\\r\n",
    "\\echo hi\n", "\\echo :x :'x' 'q\\n' \\\\ select 5;\n", "\\set x 7\n", "\\set x 'sel;ect'\n", "\\unset x\n", "é", "日本", "'é\n'",
)  # fmt: skip


@pytest.fixture(scope="module")
def psql(request: pytest.FixtureRequest) -> Psql:
    """Runs a script in psql -X and gives its output and messages in their order."""
    if not request.config.getoption("--oracle"):
        pytest.skip("asks PostgreSQL's psql: runs with --oracle (make oracle)")
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL 15 is not installed")
    server = request.getfixturevalue("oracle_server")

    def run(script: str) -> str:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8", "HOME": "/"}
        done = subprocess.run(
            [folder / "psql", "-X", f"{server} dbname=postgres"], input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment, check=False,
        )  # fmt: skip
        screen = done.stdout.decode()
        assert done.returncode == 0, screen
        return screen

    return run


def literal(value: str | None) -> str:
    """A text as SQL."""
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace("\x01", "\\x01")
    return f"E'{escaped}'"


def random_table(rnd: random.Random) -> tuple[Table, str]:
    """A table, and the query that makes it."""
    columns, rows = rnd.choice([1, 1, 2, 3]), rnd.choice([0, 1, 2, 3, 11])
    numeric = [rnd.random() < 0.3 for _ in range(columns)]
    names = [rnd.choice(NAMES) for _ in range(columns)]
    cells = [[rnd.choice(("1", "22", "-5", "12345", None)) if n else rnd.choice(CELLS) for n in numeric] for _ in range(rows)]
    heads = ['U&"' + name.replace("\n", "\\000A") + '"' for name in names]
    if rows:
        values = ", ".join(
            "(" + ", ".join(f"{cell or 'NULL'}::int" if n else f"{literal(cell)}::text" for cell, n in zip(row, numeric, strict=True)) + ")"
            for row in cells
        )
        chosen = ", ".join(f"c{i} AS {head}" for i, head in enumerate(heads))
        query = f"SELECT {chosen} FROM (VALUES {values}) v({', '.join(f'c{i}' for i in range(columns))});"
    else:
        query = "SELECT " + ", ".join(f"NULL::{'int' if n else 'text'} AS {head}" for head, n in zip(heads, numeric, strict=True)) + " WHERE false;"
    return Table(columns=names, numeric=numeric, rows=cells), query


def random_options(rnd: random.Random, format: Format) -> tuple[Options, str]:
    """Output options, and the commands that set them."""
    options = Options(
        format=format, border=rnd.choice([0, 1, 2, 3] if "latex" in format.value else [0, 1, 2]), expanded=rnd.choice(["off", "off", "on", "auto"]),
        tuples_only=rnd.random() < 0.2, footer=rnd.random() < 0.8, null=rnd.choice(["", "NULL"]), title=rnd.choice([None, None, "My title"]),
        line_style=rnd.choice(["ascii", "old-ascii", "unicode"]), unicode_border=rnd.choice(["single", "double"]),
        unicode_column=rnd.choice(["single", "double"]), unicode_header=rnd.choice(["single", "double"]), columns=rnd.choice([0, 20, 40, 15]),
    )  # fmt: skip
    settings = {
        "format": format.value, "border": options.border, "expanded": options.expanded, "tuples_only": "on" if options.tuples_only else "off",
        "footer": "on" if options.footer else "off", "null": f"'{options.null}'", "title": f"'{options.title}'" if options.title else "",
        "linestyle": options.line_style, "unicode_border_linestyle": options.unicode_border, "unicode_column_linestyle": options.unicode_column,
        "unicode_header_linestyle": options.unicode_header, "columns": options.columns,
    }  # fmt: skip
    return options, "".join(f"\\pset {name} {value}\n" for name, value in settings.items())


@pytest.mark.parametrize("format", [format for format in Format if format is not Format.JSON], ids=lambda format: str(format.value))
def test_tables(psql: Psql, format: Format) -> None:
    rnd = random.Random(f"tables {format.value}")
    cases, script = [], "\\set QUIET on\n"
    for number in range(60):
        table, query = random_table(rnd)
        options, commands = random_options(rnd, format)
        cases.append((table, options))
        script += f"{commands}\\echo <<{number}\n{query}\n\\echo >>{number}\n"
    screen = psql(script)
    for number, (table, options) in enumerate(cases):
        wanted = screen.partition(f"<<{number}\n")[2].partition(f">>{number}\n")[0]
        assert render(table, options) == wanted, (table, options)


def test_carets(psql: Psql) -> None:
    rnd = random.Random("carets")
    words = ["'abc'", "'日本語テキスト'", "1", "'é'", "'" + "x" * 30 + "'", "\t2", "'" + "漢字" * 10 + "'", "3 +\n4", "'\t'"]
    queries = []
    for _ in range(150):
        before, after = ([rnd.choice(words) for _ in range(rnd.randint(0, 14))] for _ in range(2))
        queries.append(f"select {rnd.choice([', ', ',', ',' + chr(10)]).join([*before, 'nope', *after])};")
    script = "".join(f"\\set VERBOSITY terse\n\\warn >>>\n{q}\n\\set VERBOSITY default\n{q}\n" for q in queries)
    for query, part in zip(queries, psql(script).split(">>>\n")[1:], strict=True):
        position = re.search(r"at character (\d+)", part)
        assert position is not None
        assert excerpt(query, int(position[1])) == "\n".join(part.split("\n")[2:]), query


class Silent:
    """A Client that answers nothing: what is sent is seen by ECHO."""

    dbname, user, in_use, transaction, superuser = "postgres", "postgres", "", "I", True

    def run(self, sql: str, source: BinaryIO | None = None, target: BinaryIO | None = None) -> Iterator[Result]:
        return iter(())

    def describe(self, sql: str) -> tuple[Column, ...]:
        return ()

    def cancel(self) -> None:
        pass

    def progress(self) -> Progress:
        return Progress()

    def on_notice(self, handler: Callable[[Diagnostic], None]) -> None:
        pass

    def show(self, setting: str) -> str:
        return ""

    def calls(self) -> tuple[CallRecord, ...]:
        return ()

    def notifications(self) -> tuple[Notification, ...]:
        return ()

    def connect(self, dbname: str, user: str) -> Client:
        return self

    def close(self) -> None:
        pass


def test_scripts_are_cut_into_the_same_statements(psql: Psql) -> None:
    rnd = random.Random("scripts")
    for _ in range(60):
        text = "".join(rnd.choice(PIECES) for _ in range(rnd.randint(1, 25)))
        script = f"begin;\nselect 1/0;\n\\set ECHO queries\n\\set VERBOSITY sqlstate\n\\set x 'v a'\n{text}\n"
        screen = io.StringIO()
        run_file(Shell(Silent(), out=screen, err=screen, program="psql"), io.StringIO(script), None)
        answers = re.compile(r"(?:ERROR|WARNING|FATAL):.*|BEGIN|ROLLBACK|")
        wanted = [line for line in psql(script).split("\n") if not answers.fullmatch(line)]
        assert [line for line in screen.getvalue().split("\n") if line] == wanted, text
