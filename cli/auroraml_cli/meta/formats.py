"""\\a, \\t, \\x, \\f, \\H, \\C, \\T, \\pset, \\timing: how results look."""

from __future__ import annotations

from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.output import Format
from auroraml_cli.printing import listing, set_option
from auroraml_cli.variables import parse_bool


def _set(call: Call, name: str, value: str | None) -> Outcome:
    shell = call.shell
    return Outcome.DONE if set_option(shell, shell.options, name, value, quiet=shell.quiet) else Outcome.ERROR


@meta("a")
def toggle_aligned(call: Call) -> Outcome:
    """Aligned to unaligned, anything else to aligned."""
    return _set(call, "format", "unaligned" if call.shell.options.format is Format.ALIGNED else "aligned")


@meta("H", "html")
def toggle_html(call: Call) -> Outcome:
    """HTML, or back to aligned."""
    return _set(call, "format", "aligned" if call.shell.options.format is Format.HTML else "html")


@meta("t")
def tuples_only(call: Call) -> Outcome:
    """Rows alone."""
    return _set(call, "tuples_only", call.next())


@meta("x")
def expanded(call: Call) -> Outcome:
    """One line a field."""
    return _set(call, "expanded", call.next())


@meta("f")
def field_separator(call: Call) -> Outcome:
    """The separator of unaligned fields."""
    return _set(call, "fieldsep", call.next())


@meta("C")
def title(call: Call) -> Outcome:
    """The title above results."""
    return _set(call, "title", call.next())


@meta("T")
def table_attributes(call: Call) -> Outcome:
    """The attributes of HTML's table element."""
    return _set(call, "tableattr", call.next())


@meta("pset")
def pset(call: Call) -> Outcome:
    """Set an option, or list them all."""
    name = call.next()
    if name is None:
        for option, value in listing(call.shell.options):
            call.shell.standard_out.write(f"{option:<24} {value}\n")
        call.shell.standard_out.flush()
        return Outcome.DONE
    return _set(call, name, call.next())


@meta("timing")
def timing(call: Call) -> Outcome:
    """Whether each statement's time is shown."""
    shell, value = call.shell, call.next()
    truth: bool | None = None
    if value is None:
        shell.timing = not shell.timing
    else:
        truth = parse_bool(value)
        if truth is None:
            shell.error(f'unrecognized value "{value}" for "\\timing": Boolean expected')
        shell.timing = shell.timing if truth is None else truth
    shell.say(f"Timing is {'on' if shell.timing else 'off'}.")
    return Outcome.ERROR if value is not None and truth is None else Outcome.DONE
