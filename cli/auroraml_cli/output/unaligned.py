"""The unaligned format: fields joined by the field separator, records by the record separator."""

from __future__ import annotations

from auroraml_cli.output.table import Options, Table, footers_of, own_footers, texts, title_of


def unaligned(table: Table, options: Options) -> str:
    """The table, one record a line (expanded: one field a line, a blank line between records)."""
    field, record = options.field_separator, options.record_separator
    title = title_of(table, options)
    end = "\0" if record == "\0" else "\n"
    if options.expanded == "on":
        records = [record.join(f"{name}{field}{cell}" for name, cell in zip(table.columns, row, strict=True)) for row in texts(table, options)]
        parts = [title, *records] if title else records
        text = (record * 2).join(parts)
        footers = own_footers(table, options)
        text += record + "".join(record + footer for footer in footers) if footers else ""
        return text + end if parts or footers else ""
    lines = [title] if title else []
    if not options.tuples_only:
        lines.append(field.join(table.columns))
    lines += [field.join(row) for row in texts(table, options) if row]
    lines += footers_of(table, options)
    return record.join(lines) + end if lines else ""
