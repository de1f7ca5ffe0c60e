"""The characters tables are drawn with: ascii, old-ascii, and unicode in its single and double variants."""

from __future__ import annotations

from auroraml.records import dataclass
from auroraml_cli.output.table import Options


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A horizontal line: its dash, and what stands at the left edge, between columns and at the right edge."""

    dash: str
    left: str
    middle: str
    right: str


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A line style. `data` is the rows' own bars; the others mark line breaks and wrapping."""

    top: Rule
    middle: Rule
    bottom: Rule
    data: Rule
    bar_newline: str
    bar_wrap: str
    bar_blank: str
    header_newline_left: str
    header_newline_right: str
    newline_left: str
    newline_right: str
    wrap_left: str
    wrap_right: str
    wrap_right_border: bool  # whether a border of 0 has room for marks at the right


_PLUS = Rule(dash="-", left="+", middle="+", right="+")
_BARS = Rule(dash="", left="|", middle="|", right="|")
ASCII = Lines(
    top=_PLUS, middle=_PLUS, bottom=_PLUS, data=_BARS, bar_newline="|", bar_wrap="|", bar_blank="|", header_newline_left=" ",
    header_newline_right="+", newline_left=" ", newline_right="+", wrap_left=".", wrap_right=".", wrap_right_border=True,
)  # fmt: skip
OLD_ASCII = Lines(
    top=_PLUS, middle=_PLUS, bottom=_PLUS, data=_BARS, bar_newline=":", bar_wrap=";", bar_blank=" ", header_newline_left="+",
    header_newline_right=" ", newline_left=" ", newline_right=" ", wrap_left=" ", wrap_right=" ", wrap_right_border=False,
)  # fmt: skip
_ROW = (("─", "├╟", "┤╢"), ("═", "╞╠", "╡╣"))  # by header style: dash; left and right edge by border style
_COLUMN = (("│", "┼╪", "┴╧", "┬╤"), ("║", "╫╬", "╨╩", "╥╦"))  # by column style: bar; crossing by header style; feet and heads by border style
_BORDER = (("─", "│", "┌┐", "└┘"), ("═", "║", "╔╗", "╚╝"))  # by border style: dash, bar, corners above and below


def _unicode(border: int, column: int, header: int) -> Lines:
    dash, bar, above, below = _BORDER[border]
    inner, crossing, feet, heads = _COLUMN[column]
    row, lefts, rights = _ROW[header]
    return Lines(
        top=Rule(dash=dash, left=above[0], middle=heads[border], right=above[1]),
        middle=Rule(dash=row, left=lefts[border], middle=crossing[header], right=rights[border]),
        bottom=Rule(dash=dash, left=below[0], middle=feet[border], right=below[1]),
        data=Rule(dash="", left=bar, middle=inner, right=bar), bar_newline=inner, bar_wrap=inner, bar_blank=inner, header_newline_left=" ",
        header_newline_right="↵", newline_left=" ", newline_right="↵", wrap_left="…", wrap_right="…", wrap_right_border=True,
    )  # fmt: skip


def lines_of(options: Options) -> Lines:
    """The line style that the options choose."""
    if options.line_style == "ascii":
        return ASCII
    if options.line_style == "old-ascii":
        return OLD_ASCII
    chosen = (options.unicode_border, options.unicode_column, options.unicode_header)
    border, column, header = (int(style == "double") for style in chosen)
    return _unicode(border, column, header)
