"""The program on a terminal: prompts, line editing, history, completion, Ctrl-C and Ctrl-D."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

ENTRY = "from auroraml_cli.main import main; main()"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07")


class Terminal:
    """The program in a pseudo-terminal; `text` is what it wrote, without control sequences."""

    def __init__(self, home: Path, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"HOME": str(home), "TERM": "xterm", "NO_COLOR": "1", "PAGER": "cat", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.child = pexpect.spawn(
            sys.executable, ["-c", ENTRY, "-X", "-d", "labdb", *arguments], env=environment, encoding="utf-8", dimensions=(40, 120), timeout=60
        )
        self.text = ""

    def wait(self, pattern: str) -> str:
        """Read on until `pattern` has come since the last wait; what was read."""
        got = ""
        while not re.search(pattern, got):
            got += ANSI.sub("", self.child.read_nonblocking(4096, 60))
        self.text += got
        return got

    def line(self, text: str, pattern: str = r"labdb=>[\s\x08]*$") -> str:
        """Type a line and wait."""
        self.child.send(text + "\r")
        return self.wait(pattern)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def terminal(home: Path) -> Iterator[Terminal]:
    """One program for all tests that leave it at its prompt."""
    started = Terminal(home)
    started.wait(r"labdb=>[\s\x08]*$")
    yield started
    started.child.close(force=True)


def test_prompts_show_what_is_open(terminal: Terminal) -> None:
    terminal.line("SELECT (1", r"labdb\(>[\s\x08]*$")
    terminal.line("), 'a", r"labdb'>[\s\x08]*$")
    terminal.line("b', \"c", r'labdb">[\s\x08]*$')
    terminal.line('d" FROM (SELECT 1 AS "c', r'labdb">[\s\x08]*$')
    terminal.line('d") x /* comment', r"labdb\*>[\s\x08]*$")
    terminal.line("*/ WHERE $$x", r"labdb\$>[\s\x08]*$")
    terminal.line("$$ = 'x' || chr(10)", r"labdb->[\s\x08]*$")
    assert "(1 row)" in terminal.line(";")


def test_prompts_show_the_transaction(terminal: Terminal) -> None:
    terminal.line("BEGIN;", r"labdb=\*>[\s\x08]*$")
    terminal.line("SELECT 1/0;", r"labdb=!>[\s\x08]*$")
    terminal.line("ROLLBACK;", r"labdb=>[\s\x08]*$")
    terminal.line("\\set PROMPT1 '%n@%~%R%# '", r"postgres@labdb=>[\s\x08]*$")
    terminal.line("\\set PROMPT1 '%/%R%x%# '")


def test_interrupt_cancels_the_statement_and_not_the_program(terminal: Terminal) -> None:
    terminal.child.send("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000) SELECT count(*) FROM r;\r")
    terminal.wait("r;")
    terminal.child.expect(pexpect.TIMEOUT, timeout=2)
    terminal.child.sendintr()
    assert "canceling statement due to user request" in terminal.wait(r"user request[\s\S]*labdb=>[\s\x08]*$")
    assert "(1 row)" in terminal.line("SELECT 1;")


def test_interrupt_clears_what_was_typed(terminal: Terminal) -> None:
    terminal.line("SELECT (", r"labdb\(>[\s\x08]*$")
    terminal.child.send("nonsense")
    terminal.wait("nonsense")
    terminal.child.sendintr()
    terminal.wait(r"labdb=>[\s\x08]*$")
    assert "(1 row)" in terminal.line("SELECT 2;")


def test_history_keeps_a_statement_as_one_entry(terminal: Terminal, home: Path) -> None:
    terminal.line("SELECT 1", r"labdb->[\s\x08]*$")
    terminal.line("AS first;")
    terminal.line("SELECT 2 AS second;")
    terminal.child.send("\x1b[A\x1b[A")
    terminal.wait("first")
    assert "first" in terminal.line("")
    history = (home / ".auroraml_history").read_text(encoding="utf-8")
    assert "+SELECT 1\n+AS first;\n" in history


def test_completion_on_tab(terminal: Terminal) -> None:
    terminal.line("\\set COMPLETION tab")
    terminal.line("CREATE TABLE customers (customer_id int, city text);")
    terminal.child.send("SELECT customer_id FROM cust\t")
    terminal.wait("omers")  # the terminal is sent what is new
    assert "(0 rows)" in terminal.line(";")
    terminal.child.send("\\d cust\t")
    terminal.wait("omers")
    assert 'Table "public.customers"' in terminal.line("")
    terminal.child.send("\\pset linest\t")
    terminal.wait("yle")
    assert "Line style is ascii." in terminal.line("")


def test_help_and_unknown_commands(terminal: Terminal) -> None:
    assert "\\copyright" in terminal.line("help")
    said = terminal.line("\\nonsense")
    assert "invalid command \\nonsense" in said
    assert "Try \\? for help." in said


@pytest.mark.parametrize("keys", ["\x04", "quit\r", "exit;\r", "\\q\r"])
def test_ways_out(tmp_path: Path, keys: str) -> None:
    terminal = Terminal(tmp_path)
    terminal.wait(r"labdb=>[\s\x08]*$")
    terminal.child.send(keys)
    terminal.child.expect(pexpect.EOF)
    terminal.child.wait()  # close() would hang up on a program that is still on its way out
    assert terminal.child.exitstatus == 0


def test_conditions_show_in_the_prompt(terminal: Terminal) -> None:
    terminal.line("\\if false", r"labdb@>[\s\x08]*$")
    assert "query ignored" in terminal.line("SELECT 1;", r"labdb@>[\s\x08]*$")
    terminal.line("\\endif", r"labdb=>[\s\x08]*$")


def test_copy_asks_for_its_data(terminal: Terminal) -> None:
    terminal.line("CREATE TABLE copied (a int, b text);")
    assert "Enter data to be copied followed by a newline." in terminal.line("COPY copied FROM STDIN;", r">>[\s\x08]*$")
    terminal.line("1\tx", r">>[\s\x08]*$")
    assert "COPY 1" in terminal.line("\\.")


def test_a_failed_connection_keeps_the_old_one(terminal: Terminal) -> None:
    said = terminal.line("\\c nowhere")
    assert 'database "nowhere" does not exist' in said
    assert "Previous connection kept" in said
    assert 'You are now connected to database "postgres" as user "postgres".' in terminal.line("\\c postgres", r"postgres=>[\s\x08]*$")
    terminal.line("\\c labdb -", r"labdb=>[\s\x08]*$")


def test_questions(terminal: Terminal) -> None:
    terminal.child.send("\\prompt 'Who? ' who\r")
    terminal.wait(r"Who\? $")
    terminal.line("Ada")
    assert "hello Ada" in terminal.line("\\echo hello :who")


def test_single_line_and_single_step(terminal: Terminal) -> None:
    terminal.line("\\set SINGLELINE on", r"labdb\^>[\s\x08]*$")
    assert "(1 row)" in terminal.line("SELECT 1", r"labdb\^>[\s\x08]*$")
    terminal.line("\\set SINGLELINE off")
    terminal.line("\\set SINGLESTEP on")
    terminal.line("SELECT 7 AS seven;", r"enter x and return to cancel\)\*+\s*$")
    assert "(1 row)" not in terminal.line("x")
    terminal.line("SELECT 7 AS seven;", r"enter x and return to cancel\)\*+\s*$")
    assert "seven" in terminal.line("")
    terminal.child.send("\\set SINGLESTEP off\r")
    terminal.wait(r"labdb=>[\s\x08]*$")


def test_ends_of_file_are_ignored_as_asked(terminal: Terminal) -> None:
    terminal.line("\\set IGNOREEOF 3")
    terminal.child.send("\x04")
    assert 'Use "\\q" to leave auroraml-sql.' in terminal.wait(r"leave[\s\S]*labdb=>[\s\x08]*$")
    terminal.line("\\unset IGNOREEOF")
