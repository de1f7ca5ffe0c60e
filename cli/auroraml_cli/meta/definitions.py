"""\\sf, \\sv: the definitions of functions and views; \\ef, \\ev: editing them."""

from __future__ import annotations

import re

from auroraml_cli.client import DatabaseError
from auroraml_cli.meta.buffers import edit_text, take_edited
from auroraml_cli.meta.patterns import literal
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.shell import Shell
from auroraml_cli.slash import Kind

NEW_FUNCTION = "CREATE FUNCTION name()\n RETURNS text\n LANGUAGE sql\nAS $function$\n\n$function$\n"
NEW_VIEW = "CREATE VIEW name AS\n SELECT\n"


def _minimal(shell: Shell, sql: str) -> str | None:
    """A query's only value; its failure is reported by the message alone."""
    try:
        value: str | None = None
        for result in shell.client.run(sql):
            value = result.rows[0][0] if result.rows else None
        return value
    except DatabaseError as error:
        shell.info(f"ERROR:  {error.diag.message_primary}")
        return None


def function_definition(shell: Shell, name: str) -> str | None:
    """CREATE OR REPLACE FUNCTION as the server writes it; None with a message."""
    kind = "regprocedure" if "(" in name else "regproc"
    oid = _minimal(shell, f"SELECT {literal(name)}::pg_catalog.{kind}::pg_catalog.oid")
    return None if oid is None else _minimal(shell, f"SELECT pg_catalog.pg_get_functiondef({oid})")


def view_definition(shell: Shell, name: str) -> str | None:
    """CREATE OR REPLACE VIEW; None with a message."""
    oid = _minimal(shell, f"SELECT {literal(name)}::pg_catalog.regclass::pg_catalog.oid")
    if oid is None:
        return None
    result = shell.fetch(
        "SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(c.relname), c.relkind, pg_catalog.pg_get_viewdef(c.oid, true), "
        "pg_catalog.array_to_string(c.reloptions, ', ')\n"
        f"FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid\nWHERE c.oid = {oid}"
    )
    if result is None:
        return None
    schema, relation, kind, query, options = result.rows[0]
    if kind != "v":
        shell.error(f'"{schema}.{relation}" is not a view')
        return None
    more = f"\n WITH ({options})" if options else ""
    return f"CREATE OR REPLACE VIEW {schema}.{relation}{more} AS\n{(query or '').removesuffix(';')}\n"


def numbered(text: str, function: bool) -> str:
    """The lines with numbers; a function's count from the line where its body begins."""
    out, number, header = [], 0, function
    for line in text.removesuffix("\n").split("\n"):
        if header and line.startswith(("AS ", "BEGIN ", "RETURN ")):
            header = False
        number += not header
        out.append(f"        {line}\n" if header else f"{number:<7} {line}\n")
    return "".join(out)


@meta("sf", "sv", suffix=r"\+?", whole_line=True)
def show_definition(call: Call) -> Outcome:
    """Show a function's or view's definition."""
    function = call.name.startswith("sf")
    name = call.next(Kind.WHOLE_LINE, semicolon=True)
    shell = call.shell
    if name is None:
        shell.error(f"{'function' if function else 'view'} name is required")
        return Outcome.ERROR
    text = function_definition(shell, name) if function else view_definition(shell, name)
    if text is None:
        return Outcome.ERROR
    text = text if text.endswith("\n") else text + "\n"
    text = numbered(text, function) if call.name.endswith("+") else text
    if shell.interactive and shell.out is shell.standard_out and text.count("\n") > 40:
        shell.page(text)
    else:
        shell.write(text)
        shell.out.flush()
    return Outcome.DONE


@meta("ef", "ev", whole_line=True)
def edit_definition(call: Call) -> Outcome:
    """Edit a function's or view's definition, or a template of one, and make it the query buffer."""
    function = call.name == "ef"
    name = call.next(Kind.WHOLE_LINE, semicolon=True)
    line = None
    if name is not None and (match := re.fullmatch(r"(.*?)\s*\b(\d+)", name)) and not match[1].endswith((".", '"')):
        name, line = match[1] or None, int(match[2])
    if name is None:
        text: str | None = NEW_FUNCTION if function else NEW_VIEW
    else:
        text = function_definition(call.shell, name) if function else view_definition(call.shell, name)
    if text is None:
        return Outcome.ERROR
    if line is not None and function:
        line += sum(1 for _ in text.partition("\nAS ")[0].split("\n"))
    return take_edited(call, edit_text(call, text, line))
