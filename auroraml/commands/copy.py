"""COPY FROM and TO: csv and text, files and streams, WHERE, column lists, errors with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from auroraml.batch import Batch, TextVector, Vector, concat_batches
from auroraml.commands.context import Bound, Host, command
from auroraml.commands.copy_format import Format, Texts, header, write
from auroraml.commands.copy_reading import read
from auroraml.errors import (
    DatabaseError,
    DuplicateColumn,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidColumnReference,
    InvalidParameterValue,
    SyntaxError,
    UndefinedColumn,
    UndefinedFile,
    WrongObjectType,
)
from auroraml.ir.logical import Output
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.settings.setting import parse_bool
from auroraml.sql import statements as st
from auroraml.sql.trees import into_of
from auroraml.types.text import text_in, text_out

SERVER_READ = "COPY FROM instructs the PostgreSQL server process to read a file. You may want a client-side facility such as psql's \\copy."
SERVER_WRITE = "COPY TO instructs the PostgreSQL server process to write a file. You may want a client-side facility such as psql's \\copy."
KNOWN = ("format", "freeze", "delimiter", "null", "header", "quote", "escape", "force_quote", "force_not_null", "force_null", "encoding")


def format_of(statement: st.Copy, names: Sequence[str]) -> Format:
    """The options, checked in PostgreSQL's words."""
    given = {option.name.lower(): option for option in statement.options}
    for name, option in given.items():
        if name not in KNOWN:
            raise SyntaxError(f'option "{option.name}" not recognized', at=option.at)
    csv = _is_csv(given)
    text = {name: str(option.value) for name, option in given.items() if isinstance(option.value, str)}
    delimiter = text.get("delimiter", "," if csv else "\t")
    null = text.get("null", "" if csv else "\\N")
    if len(delimiter.encode()) != 1:
        raise FeatureNotSupported("COPY delimiter must be a single one-byte character")
    for name in ("quote", "escape", "force_quote", "force_not_null", "force_null"):
        if name in given and not csv:
            raise FeatureNotSupported(f"COPY {name.replace('_', ' ')} available only in CSV mode")
    quote = text.get("quote", '"')
    if len(quote.encode()) != 1:
        raise FeatureNotSupported("COPY quote must be a single one-byte character")
    if csv and delimiter == quote:
        raise InvalidParameterValue("COPY delimiter and quote must be different")
    if delimiter in null:
        raise FeatureNotSupported("COPY delimiter must not appear in the NULL specification")
    head = given.get("header")
    match = head is not None and str(head.value).lower() == "match"
    return Format(
        csv=csv, delimiter=delimiter, null=null, quote=quote, escape=text.get("escape", quote), match=match,
        header=head is not None and (match or head.value is None or parse_bool(str(head.value)) is True),
        force_quote=_positions(given.get("force_quote"), names), force_not_null=_positions(given.get("force_not_null"), names),
        force_null=_positions(given.get("force_null"), names),
    )  # fmt: skip


def _is_csv(given: dict[str, st.Option]) -> bool:
    option = given.get("format")
    if option is None or option.value == "text":
        return False
    if option.value == "csv":
        return True
    if option.value == "binary":
        raise FeatureNotSupported('COPY format "binary" is not supported', at=option.at)
    raise InvalidParameterValue(f'COPY format "{option.value}" not recognized', at=option.at)


def _positions(option: st.Option | None, names: Sequence[str]) -> frozenset[int]:
    if option is None:
        return frozenset()
    if option.value in (None, "*"):
        return frozenset(range(len(names)))
    wanted = (option.value,) if isinstance(option.value, str) else option.value
    assert wanted is not None
    return frozenset(names.index(name) for name in wanted if name in names)


def columns_of(statement: st.Copy, relation: Relation) -> list[Column]:
    """The columns copied, in the order written."""
    live = {column.name: column for column in relation.columns if not column.dropped}
    if not statement.columns:
        return [column for column in live.values() if column.generated is None]
    found: list[Column] = []
    for name in statement.columns:
        if name.name not in live:
            raise UndefinedColumn(f'column "{name.name}" of relation "{relation.name}" does not exist')
        if live[name.name].generated is not None:
            raise InvalidColumnReference(f'column "{name.name}" is a generated column', detail="Generated columns cannot be used in COPY.")
        if live[name.name] in found:
            raise DuplicateColumn(f'column "{name.name}" specified more than once')
        found.append(live[name.name])
    return found


@command(st.Copy)
def copy(statement: st.Copy, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """COPY."""
    if statement.program:
        raise FeatureNotSupported("COPY PROGRAM is not supported")
    if statement.file is not None and not host.is_superuser:
        role = "pg_read_server_files" if statement.incoming else "pg_write_server_files"
        raise InsufficientPrivilege(
            f"must be superuser or have privileges of the {role} role to COPY {'from' if statement.incoming else 'to'} a file",
            hint="Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
        )
    return _copy_from(statement, host) if statement.incoming else _copy_to(statement, host, params)


def _copy_from(statement: st.Copy, host: Host) -> ResultStream:
    assert statement.table is not None
    relation = host.relation(statement.table)
    if relation.kind != "r":
        kinds = {"v": "view", "m": "materialized view", "S": "sequence"}
        raise WrongObjectType(f'cannot copy to {kinds.get(relation.kind, "relation")} "{relation.name}"')
    host.require(relation, "a")
    columns = columns_of(statement, relation)
    names = [column.name for column in columns]
    format = format_of(statement, names)
    texts = read(_incoming(statement, host), format, len(columns), relation.name, names)
    vectors = convert(texts, columns, relation.name, host)
    batch = host.complete(relation, columns, Batch.of(vectors, texts.n))
    if statement.where is not None:
        batch = batch.filter(host.where(relation, statement.where, batch))
    n = host.insert(relation, batch)
    return ResultStream(tag=f"COPY {n}", rowcount=n)


def _incoming(statement: st.Copy, host: Host) -> bytes:
    if statement.file is None:
        if host.copy_input is None:
            raise FeatureNotSupported("COPY FROM STDIN needs a client that sends data (cursor.copy)")
        return host.copy_input.read()
    try:
        return Path(statement.file).read_bytes()
    except OSError as error:
        raise UndefinedFile(f'could not open file "{statement.file}" for reading: {error.strerror}', hint=SERVER_READ) from None


def convert(texts: Texts, columns: Sequence[Column], table: str, host: Host) -> list[Vector]:
    """Each column's values; the first bad field in row order raises with its line and column."""
    vectors: list[Vector] = []
    try:
        for column, values in zip(columns, texts.values, strict=True):
            vectors.append(text_in(column.type, column.typmod, _vector(values), host.style))
    except DatabaseError:
        raise _first_bad(texts, columns, table, host) from None
    if texts.failure is not None:
        raise texts.failure
    return vectors


def _vector(values: pa.Array) -> TextVector:
    if values.null_count == 0:
        return TextVector(values)
    valid = np.asarray(values.is_valid())
    return TextVector(values.fill_null(""), valid)


def _first_bad(texts: Texts, columns: Sequence[Column], table: str, host: Host) -> DatabaseError:
    best: tuple[int, int, DatabaseError] | None = None
    for i, (column, values) in enumerate(zip(columns, texts.values, strict=True)):
        found = _bisect(values, column, host)
        if found is not None and (best is None or found[0] < best[0]):
            best = (found[0], i, found[1])
    assert best is not None
    row, i, error = best
    error.diag.context = f'COPY {table}, line {texts.lines[row]}, column {columns[i].name}: "{texts.values[i][row].as_py()}"'
    return error


def _bisect(values: pa.Array, column: Column, host: Host) -> tuple[int, DatabaseError] | None:
    def failure(start: int, stop: int) -> DatabaseError | None:
        try:
            text_in(column.type, column.typmod, _vector(values.slice(start, stop - start)), host.style)
        except DatabaseError as error:
            return error
        return None

    start, stop = 0, len(values)
    error = failure(start, stop)
    if error is None:
        return None
    while stop - start > 1:
        middle = (start + stop) // 2
        earlier = failure(start, middle)
        if earlier is not None:
            stop, error = middle, earlier
        else:
            start = middle
            error = failure(start, stop) or error
    return start, error


def _copy_to(statement: st.Copy, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    outputs, batch = _outgoing(statement, host, params)
    names = [output.name for output in outputs]
    format = format_of(statement, names)
    columns = []
    for i, output in enumerate(outputs):
        vector = text_out(output.type, batch.vector(i), host.style).flat()
        assert isinstance(vector, TextVector)
        columns.append(vector.to_arrow())
    data = (header(names, format) if format.header else "") + write(columns, batch.n, format)
    if statement.file is not None:
        try:
            Path(statement.file).write_text(data, encoding="utf-8", newline="")
        except OSError as error:
            raise UndefinedFile(f'could not open file "{statement.file}" for writing: {error.strerror}', hint=SERVER_WRITE) from None
    elif host.copy_output is not None:
        host.copy_output.write(data.encode())
    else:
        raise FeatureNotSupported("COPY TO STDOUT needs a client that reads data (cursor.copy)")
    return ResultStream(tag=f"COPY {batch.n}", rowcount=batch.n)


def _outgoing(statement: st.Copy, host: Host, params: tuple[Bound, ...]) -> tuple[tuple[Output, ...], Batch]:
    if statement.query is not None:
        if into_of(statement.query.tree.root) is not None:
            raise FeatureNotSupported("COPY (SELECT INTO) is not supported")
        stream = host.run(host.bind(statement.query, params), params)
    else:
        assert statement.table is not None
        relation = host.relation(statement.table)
        if relation.kind in ("v", "m"):
            kind = "view" if relation.kind == "v" else "materialized view"
            raise WrongObjectType(f'cannot copy from {kind} "{relation.name}"', hint="Try the COPY (SELECT ...) TO variant.")
        stream = host.select(relation, columns_of(statement, relation))
    batches = [batch for batch in stream.batches() if batch.n]
    outputs = stream.columns or ()
    return outputs, concat_batches(batches) if batches else host.empty(outputs)
