"""auroraml as an Engine."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from auroraml_cli.client import Embedded
from auroraml_cli.mainloop import run_file
from auroraml_cli.shell import Shell

from auroraml.batch import concat_batches
from auroraml.database import Database
from auroraml.errors import DatabaseError, Diagnostic
from auroraml.pipeline.result import ResultStream
from auroraml.services.clock import VirtualClock
from auroraml.services.log import CallRecord
from auroraml.session.observer import Observer
from auroraml.session.session import Session
from auroraml.types.text import text_out
from tests.runner.endpoints import endpoints
from tests.runner.outcome import Failure, Outcome


def _written(record: CallRecord) -> str:
    again = f", attempts {record.attempts}" if record.attempts > 1 else ""
    return f"{record.service} {record.operation} {record.target}, items {record.items}{again}{f', {record.error}' if record.error else ''}"


class Aurora:
    """An Engine over a fresh in-memory database, as its superuser."""

    def __init__(self, observer: Observer | None = None, options: Mapping[str, object] | None = None) -> None:
        self.database = Database(**{"endpoints": endpoints(), "clock": VirtualClock(), "observer": observer, **(options or {})})  # type: ignore[arg-type]
        self.sessions: dict[str, Session] = {}

    def _session(self, name: str) -> Session:
        if name not in self.sessions:
            self.sessions[name] = self.database.session(user="rdsadmin", instance="reader" if name == "reader" else "writer")
        return self.sessions[name]

    def run(self, sql: str, session: str = "") -> Outcome:
        """The outcome of the last statement in `sql`."""
        notices: list[str] = []
        current = self._session(session)
        self.database.service_clients.log.clear()

        def noted(notice: Diagnostic) -> None:
            notices.append(f"{notice.severity}:  {notice.message_primary}")

        current.on_notice = noted
        outcome = Outcome()
        try:
            for stream in current.execute(sql):
                outcome = self._answer(current, stream)
        except DatabaseError as error:
            d = error.diag
            failure = Failure(sqlstate=d.sqlstate or "", message=d.message_primary, detail=d.message_detail, hint=d.message_hint, context=d.context,
                              position=d.statement_position)  # fmt: skip
            return Outcome(failure=failure, notices=tuple(notices))
        return Outcome(columns=outcome.columns, rows=outcome.rows, tag=outcome.tag, notices=tuple(notices))

    @staticmethod
    def _answer(session: Session, stream: ResultStream) -> Outcome:
        style = session.style
        batches = list(stream.batches())
        if stream.columns is None:
            return Outcome(tag=stream.tag)
        rows: tuple[tuple[str | None, ...], ...] = ()
        if batches:
            batch = concat_batches(batches)
            columns = [text_out(o.type, batch.vector(i), style).datums() for i, o in enumerate(stream.columns)]
            rows = tuple(tuple(None if v is None else str(v) for v in row) for row in zip(*columns, strict=True)) if columns else ((),) * batch.n
        return Outcome(columns=tuple((o.name, o.type.name) for o in stream.columns), rows=rows, tag=stream.tag)

    def load_statistics(self, document: Path) -> None:
        """Plan with the statistics in a JSON file."""
        self._session("").load_statistics(json.loads(document.read_text(encoding="utf-8")))

    def requests(self) -> tuple[str, ...]:
        """The service requests of the last statement, equal ones in a row on one line."""
        lines = [_written(record) for record in self.database.service_clients.log.records()]
        runs = [(line, len(list(same))) for line, same in groupby(lines)]
        return tuple(line if count == 1 else f"{line} ({count} times)" for line, count in runs)

    def screen(self, script: str) -> str:
        """What auroraml-sql shows."""
        screen = io.StringIO()
        shell = Shell(Embedded(self.database, self.database.session(user="rdsadmin")), out=screen, err=screen, program="psql")
        run_file(shell, io.StringIO(f"{script}\n"), None)
        shell.redirect(None)
        shell.client.close()
        return screen.getvalue()

    def close(self) -> None:
        """End the sessions."""
        self.database.close()
