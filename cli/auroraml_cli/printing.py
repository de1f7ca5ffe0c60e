"""\\pset: changing the output options, and saying what they are."""

from __future__ import annotations

import re
from collections.abc import Callable

from auroraml_cli.output import Format, Options
from auroraml_cli.shell import Shell
from auroraml_cli.variables import parse_bool

PSQL_FORMATS = sorted(format.value for format in Format if format is not Format.JSON)
SILENT = ("tuples_only", "t", "numericlocale", "footer")  # psql says nothing about these when it is told a value
STYLES = ("ascii", "old-ascii", "unicode")


class Refused(Exception):
    """The message of an option value that is not accepted."""


def on_off(value: bool) -> str:
    """on or off."""
    return "on" if value else "off"


def _number(text: str) -> int:
    match = re.match(r"\s*[-+]?\d+", text)
    return int(match[0]) if match else 0


def _toggle(value: str | None, current: bool, name: str) -> bool:
    if value is None:
        return not current
    truth = parse_bool(value) if value else True
    if truth is None:
        raise Refused(f'unrecognized value "{value}" for "{name}": Boolean expected')
    return truth


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("\n", "\\n").replace("'", "\\'") + "'"


def _format(options: Options, name: str, value: str | None) -> None:
    if not value:
        return
    word = value.lower()
    found = [text for text in (*PSQL_FORMATS, "json") if text.startswith(word)]
    if word in found:
        found = [word]
    if word and "latex".startswith(word):  # psql lets latex win over latex-longtable
        found = ["latex"]
    if len(found) > 1:
        raise Refused(f'\\pset: ambiguous abbreviation "{value}" matches both "{found[0]}" and "{found[1]}"')
    if not found:
        raise Refused(f"\\pset: allowed formats are {', '.join(PSQL_FORMATS)}")
    options.format = Format(found[0])


def _line_style(options: Options, name: str, value: str | None) -> None:
    if not value:
        return
    found = next((style for style in STYLES if style.startswith(value.lower())), None)
    if found is None:
        raise Refused(f"\\pset: allowed line styles are {', '.join(STYLES)}")
    options.line_style = found


def _unicode_style(attribute: str, what: str) -> Callable[[Options, str, str | None], None]:
    def change(options: Options, name: str, value: str | None) -> None:
        if not value:
            return
        found = next((style for style in ("single", "double") if style.startswith(value.lower())), None)
        if found is None:
            raise Refused(f"\\pset: allowed Unicode {what} line styles are single, double")
        setattr(options, attribute, found)

    return change


def _expanded(options: Options, name: str, value: str | None) -> None:
    if value is not None and value.lower() == "auto":
        options.expanded = "auto"
        return
    truth = None if value is None else parse_bool(value) if value else True
    if value is not None and truth is None:
        raise Refused(f'unrecognized value "{value}" for "{name}"\nAvailable values are: on, off, auto.')
    options.expanded = ("off" if options.expanded != "off" else "on") if truth is None else on_off(truth)


def _csv_separator(options: Options, name: str, value: str | None) -> None:
    if not value:
        return
    if len(value.encode()) != 1:
        raise Refused("\\pset: csv_fieldsep must be a single one-byte character")
    if value in '"\n\r':
        raise Refused("\\pset: csv_fieldsep cannot be a double quote, a newline, or a carriage return")
    options.csv_separator = value


def _pager(options: Options, name: str, value: str | None) -> None:
    if value is not None and value.lower() == "always":
        options.pager = 2
        return
    truth = None if value is None else parse_bool(value)
    if value is not None and truth is None:
        raise Refused(f'unrecognized value "{value}" for "{name}"\nAvailable values are: on, off, always.')
    options.pager = int(options.pager == 0) if truth is None else int(truth)


def _border(options: Options, name: str, value: str | None) -> None:
    if value is not None:
        number = _number(value)
        options.border = min(max(number, 0), 0xFFFF)


def _columns(options: Options, name: str, value: str | None) -> None:
    options.columns = options.columns if not value else _number(value)


def _min_lines(options: Options, name: str, value: str | None) -> None:
    if value and not re.fullmatch(r"\s*[-+]?\d+", value):
        raise Refused(f'invalid value "{value}" for "{name}": integer expected')
    options.pager_min_lines = options.pager_min_lines if not value else int(value)


def _text(attribute: str) -> Callable[[Options, str, str | None], None]:
    def change(options: Options, name: str, value: str | None) -> None:
        if value is not None:
            setattr(options, attribute, value)

    return change


def _optional_text(attribute: str) -> Callable[[Options, str, str | None], None]:
    def change(options: Options, name: str, value: str | None) -> None:
        setattr(options, attribute, value or None)

    return change


def _flag(attribute: str) -> Callable[[Options, str, str | None], None]:
    def change(options: Options, name: str, value: str | None) -> None:
        setattr(options, attribute, _toggle(value, getattr(options, attribute), name))

    return change


def _zero(attribute: str) -> Callable[[Options, str, str | None], None]:
    def change(options: Options, name: str, value: str | None) -> None:
        setattr(options, attribute, "\0")

    return change


CHANGES: dict[str, Callable[[Options, str, str | None], None]] = {
    "border": _border, "columns": _columns, "csv_fieldsep": _csv_separator, "expanded": _expanded, "x": _expanded, "vertical": _expanded,
    "fieldsep": _text("field_separator"), "fieldsep_zero": _zero("field_separator"), "footer": _flag("footer"), "format": _format,
    "linestyle": _line_style, "null": _text("null"), "numericlocale": _flag("numeric_locale"), "pager": _pager, "pager_min_lines": _min_lines,
    "recordsep": _text("record_separator"), "recordsep_zero": _zero("record_separator"), "tableattr": _optional_text("table_attributes"),
    "T": _optional_text("table_attributes"), "title": _optional_text("title"), "C": _optional_text("title"), "tuples_only": _flag("tuples_only"),
    "t": _flag("tuples_only"), "unicode_border_linestyle": _unicode_style("unicode_border", "border"),
    "unicode_column_linestyle": _unicode_style("unicode_column", "column"), "unicode_header_linestyle": _unicode_style("unicode_header", "header"),
}  # fmt: skip


def set_option(shell: Shell, options: Options, name: str, value: str | None, *, quiet: bool) -> bool:
    """Change one option and, unless quiet, say what it is now; False with a message when it cannot be."""
    change = CHANGES.get(name)
    if change is None:
        shell.error(f"\\pset: unknown option: {name}")
        return False
    try:
        change(options, name, value)
    except Refused as refusal:
        message, _, more = str(refusal).partition("\n")
        shell.error(message)
        if more:
            shell.info(more)
        return False
    if not quiet and not (value is not None and name in SILENT):
        shell.say(sentence(options, name))
    return True


def _separator(text: str) -> str:
    return "zero byte" if text == "\0" else f'"{text}"'


def sentence(options: Options, name: str) -> str:
    """What an option is, in words."""
    if name in ("expanded", "x", "vertical"):
        return {"on": "Expanded display is on.", "off": "Expanded display is off.", "auto": "Expanded display is used automatically."}[
            options.expanded
        ]
    if name in ("fieldsep", "fieldsep_zero"):
        return f"Field separator is {_separator(options.field_separator)}."
    if name in ("recordsep", "recordsep_zero"):
        return (
            "Record separator is <newline>." if options.record_separator == "\n" else f"Record separator is {_separator(options.record_separator)}."
        )
    if name == "pager":
        return {0: "Pager usage is off.", 1: "Pager is used for long output.", 2: "Pager is always used."}[options.pager]
    if name == "pager_min_lines":
        lines = options.pager_min_lines
        return f"Pager won't be used for less than {lines} line{'' if lines == 1 else 's'}."
    if name in ("tableattr", "T"):
        return "Table attributes unset." if options.table_attributes is None else f'Table attributes are "{options.table_attributes}".'
    if name in ("title", "C"):
        return "Title is unset." if options.title is None else f'Title is "{options.title}".'
    if name == "columns":
        return "Target width is unset." if not options.columns else f"Target width is {options.columns}."
    sentences = {
        "border": f"Border style is {options.border}.", "csv_fieldsep": f'Field separator for CSV is "{options.csv_separator}".',
        "footer": f"Default footer is {on_off(options.footer)}.", "format": f"Output format is {options.format.value}.",
        "linestyle": f"Line style is {options.line_style}.", "null": f'Null display is "{options.null}".',
        "numericlocale": f"Locale-adjusted numeric output is {on_off(options.numeric_locale)}.",
        "tuples_only": f"Tuples only is {on_off(options.tuples_only)}.", "t": f"Tuples only is {on_off(options.tuples_only)}.",
        "unicode_border_linestyle": f'Unicode border line style is "{options.unicode_border}".',
        "unicode_column_linestyle": f'Unicode column line style is "{options.unicode_column}".',
        "unicode_header_linestyle": f'Unicode header line style is "{options.unicode_header}".',
    }  # fmt: skip
    return sentences[name]


def listing(options: Options) -> list[tuple[str, str]]:
    """All options with their values, as \\pset alone shows them."""
    field, record = options.field_separator, options.record_separator
    return [
        ("border", str(options.border)), ("columns", str(options.columns)), ("csv_fieldsep", _quoted(options.csv_separator)),
        ("expanded", options.expanded), ("fieldsep", _quoted("" if field == "\0" else field)), ("fieldsep_zero", on_off(field == "\0")),
        ("footer", on_off(options.footer)), ("format", options.format.value), ("linestyle", options.line_style), ("null", _quoted(options.null)),
        ("numericlocale", on_off(options.numeric_locale)), ("pager", str(options.pager)), ("pager_min_lines", str(options.pager_min_lines)),
        ("recordsep", _quoted("" if record == "\0" else record)), ("recordsep_zero", on_off(record == "\0")),
        ("tableattr", _quoted(options.table_attributes) if options.table_attributes is not None else ""),
        ("title", _quoted(options.title) if options.title is not None else ""), ("tuples_only", on_off(options.tuples_only)),
        ("unicode_border_linestyle", options.unicode_border), ("unicode_column_linestyle", options.unicode_column),
        ("unicode_header_linestyle", options.unicode_header),
    ]  # fmt: skip
