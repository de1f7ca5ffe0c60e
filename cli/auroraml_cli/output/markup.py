"""The asciidoc, latex, latex-longtable and troff-ms formats."""

from __future__ import annotations

from collections.abc import Callable

from auroraml_cli.output.table import Options, Table, footers_of, own_footers, texts, title_of

_LATEX = {"#": "\\#", "$": "\\$", "%": "\\%", "&": "\\&", "<": "\\textless{}", ">": "\\textgreater{}", "\\": "\\textbackslash{}",
          "^": "\\^{}", "_": "\\_", "{": "\\{", "|": "\\textbar{}", "}": "\\}", "~": "\\~{}", "\n": "\\\\"}  # fmt: skip


def _asciidoc(text: str) -> str:
    return text.replace("|", "\\|")


def as_asciidoc(table: Table, options: Options) -> str:
    """A table block of AsciiDoc."""
    out = ["", f".{title}"] if (title := title_of(table, options)) else [""]
    frame = {0: 'frame="none",grid="none"', 1: 'frame="none"', 2: 'frame="all",grid="all"'}.get(options.border, "")
    frame = "," + frame if frame else ""
    head = "" if options.tuples_only else 'options="header",'
    rows = texts(table, options)
    if options.expanded == "on":
        out += [f'[cols="h,l"{frame}]', "|===="]
        for number, row in enumerate(rows, 1):
            out.append("2+|" if options.tuples_only else f"2+^|Record {number}")
            for name, cell, numeric in zip(table.columns, row, table.numeric, strict=True):
                out.append(f"<l|{_asciidoc(name)} {'>' if numeric else '<'}l|{_asciidoc(cell) or ' '}")
        out.append("|====")
        footers = own_footers(table, options)
    else:
        columns = ",".join(">l" if numeric else "<l" for numeric in table.numeric)
        out += [f'[{head}cols="{columns}"{frame}]', "|===="]
        if not options.tuples_only:
            out.append(" ".join(f"^l|{_asciidoc(name)}" for name in table.columns))
        out += [" ".join(f"|{_asciidoc(cell) or (' ' if i + 1 < len(row) else '')}" for i, cell in enumerate(row)) for row in rows]
        out.append("|====")
        footers = footers_of(table, options)
    if footers:
        out += ["", "....", *footers, "...."]
    return "\n".join(out) + "\n"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)


def _latex_columns(table: Table, border: int) -> str:
    inner = (" | " if border >= 1 else "").join("r" if numeric else "l" for numeric in table.numeric)
    return f"| {inner} |" if border >= 2 else inner


def _records(table: Table, options: Options, border: int) -> list[str]:
    out = []
    for number, row in enumerate(texts(table, options), 1):
        if not options.tuples_only:
            rule = "\\hline\n" if border == 2 else ""
            span = "|c|" if border == 2 else "c"
            out.append(f"{rule}\\multicolumn{{2}}{{{span}}}{{\\textit{{Record {number}}}}} \\\\")
            out += ["\\hline"] if border >= 1 else []
        elif border >= 1:
            out.append("\\hline")
        out += [f"{_latex(name)} & {_latex(cell)} \\\\" for name, cell in zip(table.columns, row, strict=True)]
    return out


def as_latex(table: Table, options: Options) -> str:
    """A tabular environment."""
    out = ["\\begin{center}", _latex(title), "\\end{center}", ""] if (title := title_of(table, options)) else []
    if options.expanded == "on":
        border = min(options.border, 2)
        columns = {0: "cl", 1: "c|l", 2: "|c|l|"}[border]
        out += [f"\\begin{{tabular}}{{{columns}}}", *_records(table, options, border)]
        out += ["\\hline"] if border == 2 else []
        return "\n".join([*out, "\\end{tabular}", "", "\\noindent " + "".join(f"{_latex(f)} \\\\\n" for f in own_footers(table, options))]) + "\n"
    border = min(options.border, 3)
    out.append(f"\\begin{{tabular}}{{{_latex_columns(table, border)}}}")
    if not options.tuples_only:
        out += ["\\hline"] if border >= 2 else []
        out += [" & ".join(f"\\textit{{{_latex(name)}}}" for name in table.columns) + " \\\\", "\\hline"]
    for row in texts(table, options):
        out.append(" & ".join(map(_latex, row)) + " \\\\")
        out += ["\\hline"] if border == 3 else []
    out += ["\\hline"] if border == 2 else []
    footers = "".join(f"{_latex(footer)} \\\\\n" for footer in footers_of(table, options))
    return "\n".join([*out, "\\end{tabular}", "", "\\noindent " + footers]) + "\n"


def as_latex_longtable(table: Table, options: Options) -> str:
    """A longtable environment."""
    if options.expanded == "on":
        return as_latex(table, options)
    border = min(options.border, 3)
    widths = (options.table_attributes or "").split()
    columns = []
    for i, numeric in enumerate(table.numeric):
        width = "" if numeric or not widths else widths[min(i, len(widths) - 1)]
        columns.append("r" if numeric else f"p{{{width}\\textwidth}}" if width else "l")
    inner = (" | " if border >= 1 else "").join(columns)
    out = [f"\\begin{{longtable}}{{{f'| {inner} |' if border >= 2 else inner}}}"]
    title = title_of(table, options)
    if not options.tuples_only:
        heads = " & ".join(f"\\small\\textbf{{\\textit{{{_latex(name)}}}}}" for name in table.columns) + " \\\\"
        for end in ("\\endfirsthead", "\\endhead"):
            out += ["\\toprule"] if border >= 2 else []
            out += [heads, "\\midrule", end] if border != 3 or end == "\\endfirsthead" else [heads, end]
        if title:
            foot = f"\\caption[{_latex(title)} (Continued)]{{{_latex(title)}}}"
            bottom = ["\\bottomrule"] if border == 2 else []
            out += [*bottom, foot, "\\endfoot", *bottom, f"\\caption[{_latex(title)}]{{{_latex(title)}}}", "\\endlastfoot"]
        elif border >= 2:
            out += ["\\bottomrule", "\\endfoot", "\\bottomrule", "\\endlastfoot"]
    for row in texts(table, options):
        out += ["\n&\n".join(f"\\raggedright{{{_latex(cell)}}}" for cell in row) + " \\tabularnewline"]
        out += [" \\hline"] if border == 3 else []
    return "\n".join([*out, "\\end{longtable}"]) + "\n"


def _troff(text: str) -> str:
    return text.replace("\\", "\\(rs")


def as_troff(table: Table, options: Options) -> str:
    """A tbl(1) table between .TS and .TE."""
    border = min(options.border, 2)
    out = [".LP", ".DS C", _troff(title), ".DE"] if (title := title_of(table, options)) else []
    out += [".LP", ".TS", "center box;" if border == 2 else "center;"]
    footers: Callable[[Table, Options], list[str]] = own_footers if options.expanded == "on" else footers_of
    if options.expanded == "on":
        out += _troff_records(table, options, border)
    else:
        joint = " | " if border > 0 else ""
        out.append(joint.join("r" if numeric else "l" for numeric in table.numeric) + ".")
        if not options.tuples_only:
            out += ["\t".join(f"\\fI{_troff(name)}\\fP" for name in table.columns), "_"]
        out += ["\t".join(map(_troff, row)) for row in texts(table, options)]
    lines = footers(table, options)
    out += [".TE", ".DS L", *lines, ".DE"] if lines else [".TE", ".DS L", ".DE"]
    return "\n".join(out) + "\n"


def _troff_records(table: Table, options: Options, border: int) -> list[str]:
    out = ["c l;"] if options.tuples_only else []
    pair = "c | l." if border == 1 else "c l."
    for number, row in enumerate(texts(table, options), 1):
        if not options.tuples_only:
            rule = "_\n" if border == 2 and number > 1 else ""
            out.append(
                f"{rule}{'.T&' + chr(10) if number > 1 else ''}c s.\n\\fIRecord {number}\\fP\n{'_' + chr(10) if border >= 1 else ''}.T&\n{pair}"
            )
        elif border >= 1:
            out.append("_")
        out += [f"{_troff(name)}\t{_troff(cell)}" for name, cell in zip(table.columns, row, strict=True)]
    return out
