"""The program as a process: options, -c and -f in order, exit codes, start-up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auroraml.lazy import DEFERRED

NO_RESULT = "The command has no result, or the result has no columns."
ENTRY = "from auroraml_cli.main import main; main()"


def program(*arguments: str, stdin: str = "", code: int = 0, cwd: Path | None = None, **environment: str) -> tuple[str, str]:
    """The program's output and messages; its exit code must be `code`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *arguments], input=stdin, capture_output=True, text=True, env={**clean, **environment}, cwd=cwd, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_one_command() -> None:
    assert program("-X", "-c", "SELECT 1 AS a") == (" a \n---\n 1\n(1 row)\n\n", "")


def test_a_reader_refuses_changes() -> None:
    shown, told = program("-X", "-At", "--instance=reader", "-c", "SELECT pg_is_in_recovery()", "-c", "CREATE TABLE t (a int)", code=1)
    assert (shown, told) == ("t\n", "ERROR:  cannot execute CREATE TABLE in a read-only transaction\n")


def test_commands_and_files_run_in_order(tmp_path: Path) -> None:
    (tmp_path / "two.sql").write_text("SELECT 'two';\n", encoding="utf-8")
    out, _ = program("-X", "-A", "-t", "-c", "SELECT 'one'", "-f", str(tmp_path / "two.sql"), "-c", "SELECT 'three'")
    assert out == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("-c", "SELECT 1/0"), "", 1),
        (("-c", "SELECT 1/0", "-c", "SELECT 1"), "", 0),
        (("-v", "ON_ERROR_STOP=1", "-c", "SELECT 1/0", "-c", "SELECT 1"), "", 1),
        ((), "SELECT 1/0;\nSELECT 1;\n", 0),
        (("-v", "ON_ERROR_STOP=1"), "SELECT 1/0;\nSELECT 1;\n", 3),
        (("-v", "ON_ERROR_STOP=1"), "\\nonsense\n", 3),
        (("-c", "\\nonsense"), "", 1),
        (("-f", "missing.sql"), "", 1),
        (("-d", "host=nowhere"), "", 2),
        (("-h", "nowhere"), "", 2),
        (("-U", "nobody"), "", 2),
        (("--nonsense",), "", 1),
        (("-P", "format=nonsense"), "", 1),
        (("-v", "AUTOCOMMIT=nonsense"), "", 1),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], stdin: str, code: int) -> None:
    program("-X", *arguments, stdin=stdin, code=code)


def test_messages_of_a_script_name_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "bad.sql").write_text("SELECT 1;\nSELECT\n  1/0;\n\\nonsense\n", encoding="utf-8")
    _, err = program("-X", "-q", "-f", "bad.sql", cwd=tmp_path)
    assert err == "auroraml-sql:bad.sql:3: ERROR:  division by zero\nauroraml-sql:bad.sql:4: error: invalid command \\nonsense\n"


def test_a_single_transaction_is_undone_when_its_last_command_fails(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (a int);\nSELECT 1/0;\n", encoding="utf-8")
    program("-X", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(tmp_path / "a.sql"), code=3)


def test_environment_and_strings_choose_database_and_user() -> None:
    sql = "SELECT current_database(), current_user"
    assert program("-XAt", "-c", sql, PGDATABASE="labdb", PGUSER="rdsadmin")[0] == "labdb|rdsadmin\n"
    assert program("-XAt", "-c", sql, "dbname=labdb user=rdsadmin")[0] == "labdb|rdsadmin\n"
    assert program("-XAt", "-c", sql, "postgresql://rdsadmin@/labdb")[0] == "labdb|rdsadmin\n"
    assert program("-XAt", "-c", sql, "labdb")[0] == "labdb|postgres\n"


def test_a_host_is_refused() -> None:
    _, err = program("-X", "-h", "db.example", code=2)
    assert err.startswith('auroraml-sql: error: connection to server at "db.example", port 5432 failed: ')


def test_machine_formats() -> None:
    sql = "SELECT 1.50 AS a, NULL AS b, 'x,\"y' AS c, true AS d, '{\"k\":1}'::json AS e"
    assert program("-X", "--csv", "-c", sql)[0] == 'a,b,c,d,e\n1.50,,"x,""y",t,"{""k"":1}"\n'
    assert program("-X", "--json", "-c", sql)[0] == '[{"a": 1.50, "b": null, "c": "x,\\"y", "d": true, "e": {"k": 1}}]\n'


def test_start_up_file_and_log(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("\\set greeting hello\n\\pset null NIL\n", encoding="utf-8")
    out, _ = program("-q", "-A", "-t", "-L", str(tmp_path / "log"), stdin="SELECT :'greeting', NULL;\n", AURORAMLRC=str(tmp_path / "rc"))
    assert out == "hello|NIL\n"
    assert "SELECT 'hello', NULL;" in (tmp_path / "log").read_text(encoding="utf-8")


def test_start_up_imports_only_what_a_statement_needs() -> None:
    script = "import sys; from auroraml_cli.main import run; run(['-X', '-c', 'SELECT 1']); print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    for name in ("boto3", "botocore", "sklearn", "xgboost", "pandas", "prompt_toolkit", "rich", "pygments", "regex", "urllib3", "tomllib", "hashlib"):
        assert name not in loaded
    for name in ("pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "pyarrow.acero", "auroraml.functions.families", "auroraml.commands.families"):
        assert name not in loaded
    assert not [name for name in loaded if name.startswith(("auroraml.services.embedded.", "auroraml.dbapi.")) and name not in DEFERRED]
    assert len([name for name in loaded if name.startswith("auroraml")]) < 425  # 405 with those whose bodies have not run


def test_no_deferred_module_is_run_by_a_simple_statement() -> None:
    script = "import sys; from auroraml_cli.main import run; run(['-X', '-c', 'SELECT 1']); from auroraml.lazy import DEFERRED; "
    script += "print([name for name in DEFERRED if type(sys.modules.get(name)).__name__ == 'module'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_options_of_the_connection_are_set() -> None:
    sql = "SELECT current_setting('search_path'), current_setting('work_mem'), current_setting('TimeZone')"
    program("-XAt", "-c", sql, PGOPTIONS="-x", code=2)
    program("-XAt", "-c", sql, PGOPTIONS="-c nonsense=1", code=2)
    out, _ = program("-XAt", "-c", sql, PGOPTIONS="-csearch_path=lab,\\ public --work-mem=8MB", PGTZ="Europe/Paris")
    assert out == "lab, public|8MB|Europe/Paris\n"


def test_the_editor_gives_a_statement_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/one/two/" "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    out, _ = program("-XAtq", stdin="SELECT 'one'\n\\e\n;\nSELECT 'one' AS x\\e\n\\p\n", PSQL_EDITOR=str(editor))
    assert out == "two\nSELECT 'two' AS x\ntwo\n"


def test_a_function_is_edited(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/a + 1/a + 2/" "$1"\necho ";" >> "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    script = "CREATE FUNCTION f(a int) RETURNS int LANGUAGE SQL AS 'SELECT a + 1';\n\\ef f\nSELECT f(1);\n\\sf f\n"
    out, _ = program("-XAtq", stdin=script, PSQL_EDITOR=str(editor))
    assert out.splitlines()[0] == "3"
    assert "SELECT a + 2" in out


def test_describing_a_statement_does_not_run_it() -> None:
    script = (
        "CREATE TABLE t (a int, b varchar(3));\nINSERT INTO t VALUES (1, 'x') RETURNING a, b, now() \\gdesc\nSELECT count(*) FROM t;\nBEGIN \\gdesc\n"
    )
    out, _ = program("-XAtq", stdin=script)
    assert out.splitlines() == ["a|integer", "b|character varying(3)", "now|timestamp with time zone", "0", NO_RESULT]


def test_a_reader_that_goes_away_is_no_accident() -> None:
    done = subprocess.run(
        f"{sys.executable} -c '{ENTRY}' -X -c 'SELECT generate_series(1, 200000)' | head -1", shell=True, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000) SELECT count(*) FROM r"


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [(("-c", "\\echo begun", "-c", ENDLESS, "-c", "SELECT 2"), "", 1), ((), f"\\echo begun\n{ENDLESS};\nSELECT 2;\n", 3)],
)
def test_an_interrupt_ends_the_statement_and_with_it_the_script(arguments: tuple[str, ...], stdin: str, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-c", ENTRY, "-XAt", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdin.write(stdin)
        started.stdin.close()
        assert started.stdout.readline() == "begun\n"
        time.sleep(0.5)
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == code
        assert started.stdout.read() == ""
        assert started.stderr.read() == "Cancel request sent\nERROR:  canceling statement due to user request\n"
