"""Invocation: the command line, psql's options long and short, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import click

from auroraml.records import dataclass
from auroraml_cli.connection import CONNECTION, Connection

ORDERED = ("command", "file")  # repeatable, and run in the order given


@dataclass(frozen=True, kw_only=True)
class Invocation(Connection):
    """What the command line asks for; `actions` are -c and -f in order."""

    words: tuple[str, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    assignments: tuple[str, ...] = ()
    psets: tuple[str, ...] = ()
    list_databases: bool = False
    version: bool = False
    no_psqlrc: bool = False
    single_transaction: bool = False
    echo_all: bool = False
    echo_errors: bool = False
    echo_queries: bool = False
    echo_hidden: bool = False
    log_file: str | None = None
    no_readline: bool = False
    output: str | None = None
    quiet: bool = False
    single_step: bool = False
    single_line: bool = False
    progress: bool = False
    no_align: bool = False
    csv: bool = False
    json: bool = False
    field_separator: str | None = None
    html: bool = False
    record_separator: str | None = None
    tuples_only: bool = False
    table_attr: str | None = None
    expanded: bool = False
    field_separator_zero: bool = False
    record_separator_zero: bool = False
    help_topic: str | None = None


def _flag(*names: str) -> click.Option:
    return click.Option(names, is_flag=True)


PARAMETERS: list[click.Parameter] = [
    click.Argument(["words"], nargs=-1),
    click.Option(["-c", "--command"], multiple=True), click.Option(["-f", "--file"], multiple=True),
    *CONNECTION, _flag("-w", "--no-password"),
    _flag("-W", "--password"), click.Option(["-v", "--set", "--variable", "assignments"], multiple=True),
    click.Option(["-P", "--pset", "psets"], multiple=True), _flag("-l", "--list", "list_databases"), _flag("-V", "--version"),
    _flag("-X", "--no-psqlrc"), _flag("-1", "--single-transaction"), _flag("-a", "--echo-all"), _flag("-b", "--echo-errors"),
    _flag("-e", "--echo-queries"), _flag("-E", "--echo-hidden"), click.Option(["-L", "--log-file"]), _flag("-n", "--no-readline"),
    click.Option(["-o", "--output"]), _flag("-q", "--quiet"), _flag("-s", "--single-step"), _flag("-S", "--single-line"), _flag("--progress"),
    _flag("-A", "--no-align"), _flag("--csv"), _flag("--json"), click.Option(["-F", "--field-separator"]), _flag("-H", "--html"),
    click.Option(["-R", "--record-separator"]), _flag("-t", "--tuples-only"), click.Option(["-T", "--table-attr"]), _flag("-x", "--expanded"),
    _flag("-z", "--field-separator-zero"), _flag("-0", "--record-separator-zero"),
    click.Option(["-?", "--help", "help_topic"], is_flag=False, flag_value="options"),
]  # fmt: skip


class _Ordered(click.Command):
    """A command that remembers the order of -c and -f."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note the order, then read the options as usual."""
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        queues = {name: list(values.get(name) or []) for name in ORDERED}
        ctx.meta["actions"] = tuple((param.name, queues[param.name].pop(0)) for param in order if param.name in ORDERED and queues[param.name])
        return super().parse_args(ctx, args)


def _collect(**values: object) -> Invocation:
    known = {field.name for field in fields(Invocation)}
    actions = click.get_current_context().meta["actions"]
    return Invocation(actions=actions, **{name: value for name, value in values.items() if name in known})  # type: ignore[arg-type] # as click made them


def parse_arguments(arguments: Sequence[str], program: str) -> Invocation:
    """The command line as a value; click.UsageError when it cannot be read."""
    command = _Ordered(program, params=PARAMETERS, callback=_collect, add_help_option=False)
    found = command.main(list(arguments), prog_name=program, standalone_mode=False)
    assert isinstance(found, Invocation)
    return found
