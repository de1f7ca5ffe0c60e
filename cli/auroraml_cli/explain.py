"""auroraml-sql explain: statements of files and strings run in order, the last query (or all of them) explained instead."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import click

from auroraml import sql
from auroraml.commands.explain import FLAGS, FORMATS
from auroraml.errors import DatabaseError
from auroraml.errors.report import of_end, report
from auroraml.lazy import load
from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml_cli.client import Embedded
from auroraml_cli.connection import CONNECTION, Connection, Unconnected, connect
from auroraml_cli.mainloop import Exit

PROGRAM = "auroraml-sql explain"
NEWLINE = "\n"
HELP = """auroraml-sql explain shows how queries would run, or with --analyze did run.

Usage:
  auroraml-sql explain [OPTION]... [FILE]... [-c SQL]...

All statements run in order, those of the files first (- is the standard input), then those of -c. The last one that is a query, a change of rows or
an EXECUTE is explained instead of run; so is the statement behind an EXPLAIN, whose own options give way to the ones given here. Files hold SQL;
backslash commands are for auroraml-sql itself.

What to explain:
  -c, --command=SQL        statements; may be repeated
      --all                explain every query, change and EXECUTE; without --analyze a change is run after it was explained, if others follow

How:
      --analyze            run the statement and show what happened
      --format=FORMAT      text (default), json, yaml or xml
      --story              tell the statement's story: its tree, names, rules, paths, costs and, with --analyze, its run and bill
      --picture            run the statement and draw its plan and calls in the terminal
      --html=FILENAME      run the statement and write a page: plan, calls, bill, sizes of batches, before and after migration (--no-analyze: do
                           not run it); what the statement changes is rolled back
      --virtual            run on the virtual clock (auroraml.clock)
      --NAME, --no-NAME    EXPLAIN's other options: {flags}

Connection and services: -d, -U, --config, --services, --record, --replay, --instance, as in auroraml-sql --help
"""
PARAMETERS: list[click.Parameter] = [
    click.Argument(["files"], nargs=-1), click.Option(["-c", "--command", "commands"], multiple=True), click.Option(["--all", "every"], is_flag=True),
    click.Option(["--format"], type=click.Choice(FORMATS), default="text"), click.Option(["--virtual"], is_flag=True),
    click.Option(["--story"], is_flag=True), click.Option(["--html"]), click.Option(["--picture"], is_flag=True),
    click.Option(["-?", "--help", "helping"], is_flag=True), *(click.Option([f"--{name}/--no-{name}"], default=None) for name in FLAGS), *CONNECTION,
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asks for; `flags` are EXPLAIN's options that were given, on or off."""

    files: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    every: bool = False
    format: str = "text"
    virtual: bool = False
    story: bool = False
    html: str | None = None
    picture: bool = False
    helping: bool = False
    flags: tuple[tuple[str, bool], ...] = ()
    connection: Connection


def _collect(**values: object) -> Request:
    names = {field.name for field in fields(Connection)}
    connection = Connection(**{name: value for name, value in values.items() if name in names})  # type: ignore[arg-type] # as click made them
    flags = tuple((name, bool(values[name])) for name in FLAGS if values[name] is not None)
    own = {field.name for field in fields(Request)}
    return Request(connection=connection, flags=flags, **{name: value for name, value in values.items() if name in own})  # type: ignore[arg-type]


def parse_arguments(arguments: Sequence[str]) -> Request:
    """The arguments as a value; click.UsageError when they cannot be read."""
    command = click.Command(PROGRAM, params=PARAMETERS, callback=_collect, add_help_option=False)
    found = command.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    assert isinstance(found, Request)
    return found


@dataclass(frozen=True, kw_only=True)
class Step:
    """One statement of the input: its text, and of a file where it stands; `query` is the part to be explained, "" where it can only be run."""

    text: str
    place: str = ""
    query: str = ""
    changes: bool = False


def _text(statement: st.Statement) -> str:
    return statement.text[statement.start : statement.end]


def _changes(query: st.Query) -> bool:
    """Whether INSERT, UPDATE or DELETE is among its words; a query that only has them as names is run once more than it must."""
    return any(token.is_word("insert", "update", "delete") and query.start <= token.start < query.end for token in query.tree.source.tokens)


def steps_of(text: str, file: str = "") -> list[Step]:
    """The statements of a text, which may be a file's."""
    steps: list[Step] = []
    try:
        statements = sql.parse(text)
    except DatabaseError as error:
        raise Failed(report(error.diag, text), f"{file}: " if file else "") from error
    for statement in statements:
        inner = statement.statement if isinstance(statement, st.Explain) else statement
        able = isinstance(inner, (st.Query, st.Execute)) or (inner is not statement and isinstance(inner, (st.CreateTableAs, st.Declare)))
        changes = isinstance(statement, st.Query) and _changes(statement)
        place = f"{file}:{text.count(NEWLINE, 0, statement.start) + 1}: " if file else ""
        steps.append(Step(text=_text(statement), place=place, query=_text(inner) if able else "", changes=changes))
    return steps


def _read(name: str) -> str:
    return sys.stdin.read() if name == "-" else Path(name).expanduser().read_text(encoding="utf-8-sig")


def explained(step: Step, asked: Request) -> str:
    """The EXPLAIN statement for a step."""
    flags = {**dict(asked.flags), **({"tutor": True} if asked.story else {})}
    options = [f"{name} {'on' if value else 'off'}" for name, value in flags.items()]
    return f"EXPLAIN ({', '.join([*options, f'FORMAT {asked.format}'])}) {step.query}"


class Failed(Exception):
    """A statement failed; the message is the report of it, behind its place."""

    def __init__(self, told: str, place: str = "") -> None:
        super().__init__(f"{PROGRAM}: {place}{told}" if place else told)


def _rows(client: Embedded, text: str, step: Step | None = None) -> list[str]:
    """The rows of a statement, which may be an EXPLAIN of the step's."""
    try:
        return [row[0] or "" for result in client.run(text) for row in result.rows if row]
    except DatabaseError as error:
        if step is None:
            raise Failed(report(error.diag, text)) from error
        raise Failed(report(*of_end(error.diag, text, step.query)), step.place) from error


def _work(client: Embedded, steps: Sequence[Step], asked: Request) -> None:
    able = [number for number, step in enumerate(steps) if step.query]
    pictured = asked.html is not None or asked.picture
    chosen = set(able if asked.every else able[-1:])
    kept = dict(asked.flags).get("analyze", False) and not pictured  # what an explained change did
    shown = 0
    for number, step in enumerate(steps):
        if number in chosen:
            if len(chosen) > 1 and asked.format == "text" and asked.html is None:
                print("\n" * (shown > 0) + "\n".join(f"-- {line}" for line in step.query.splitlines()))
            shown += 1
            if asked.story and asked.format == "text":
                _tell(client, step, asked)
            if pictured:
                _picture(client, step, asked, shown)
            elif not asked.story or asked.format != "text":
                print("\n".join(_rows(client, explained(step, asked), step)), flush=True)
        if number not in chosen or (step.changes and not kept and number < max(chosen)):
            _rows(client, step.text, step)


def _tell(client: Embedded, step: Step, asked: Request) -> None:
    """The statement's story, in colour on a terminal."""
    _rows(client, explained(step, asked), step)
    told = client.session.explained
    load("auroraml_cli.telling").tell(() if told is None else told.story, sys.stdout)
    sys.stdout.flush()


def _picture(client: Embedded, step: Step, asked: Request, number: int) -> None:
    """The statement's page, the second of several with a 2 in its name; or its picture on the terminal."""
    picturing = load("auroraml_cli.picturing")
    try:
        if asked.html is not None:
            path = Path(asked.html).expanduser()
            path = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
            picturing.write_page(client, step.query, path, analyze=dict(asked.flags).get("analyze", True))
            print(path)
        if asked.picture:
            picturing.print_picture(client, step.query, sys.stdout)
    except picturing.Unpictured as failure:
        raise Failed(report(failure.error.diag, failure.text), step.place) from failure


def run(arguments: Sequence[str]) -> int:
    """The subcommand; its exit code is the program's: 1 where a statement fails or nothing is to be explained, 2 without a connection."""
    try:
        asked = parse_arguments(arguments)
    except click.UsageError as error:
        print(f'{PROGRAM}: {error.format_message()}\nTry "{PROGRAM} --help" for more information.', file=sys.stderr)
        return Exit.FAILURE.value
    if asked.helping:
        sys.stdout.write(HELP.format(flags=", ".join(name for name in FLAGS if name != "analyze")))
        return Exit.SUCCESS.value
    try:
        client = connect(asked.connection)
    except Unconnected as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return Exit.CONNECTION.value
    client.on_notice(lambda diag: print(report(diag, ""), end="", file=sys.stderr))
    try:
        if asked.virtual:
            _rows(client, "SET auroraml.clock = 'virtual'")
        steps: list[Step] = []
        for file in asked.files:
            steps += steps_of(_read(file), "<stdin>" if file == "-" else file)
        for text in asked.commands:
            steps += steps_of(text)
        if not any(step.query for step in steps):
            print(f"{PROGRAM}: error: no statement to explain: none is a query, a change of rows or an EXECUTE", file=sys.stderr)
            return Exit.FAILURE.value
        _work(client, steps, asked)
    except Failed as error:
        sys.stderr.write(str(error))
        return Exit.FAILURE.value
    except OSError as error:
        print(f"{PROGRAM}: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return Exit.FAILURE.value
    finally:
        client.close()
    return Exit.SUCCESS.value
