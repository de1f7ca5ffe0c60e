"""Recording: real answers kept in a text file and given again without the services: keyed by documents, rows and prompts, whatever batch they come in.

A line is one request as JSON: what was asked of whom, and the answers row by row, or the error. There are no credentials in it. A row asked again
gets its answers in the order they were recorded, the last one for ever; a request recorded as failed fails again in its turn.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from auroraml.services.protocols import (
    LABELS,
    MAX_DOCUMENTS,
    Bedrock,
    ClientFailure,
    Completion,
    Comprehend,
    CountedCompletion,
    ItemError,
    Prompt,
    Response,
    SageMaker,
    Sentiments,
    ServiceFailure,
    Waiting,
)
from auroraml.services.request import Request
from auroraml.services.response import split_rows

HEADER = {"auroraml_recording": 1}
Key = tuple[str, ...]
Json = dict[str, Any]
T = TypeVar("T")


class Tape:
    """A recording in memory and, where it records, in its file; safe for threads."""

    def __init__(self, replay: str | Path | None = None, record: str | Path | None = None) -> None:
        """`replay` is read; `record` is begun anew, unless it is the same file: then what is missing is added to it."""
        self.name = Path(replay or record or "").name
        self.replays = replay is not None
        self.path = None if record is None else Path(record)
        self._answers: dict[Key, list[Any]] = {}
        self._outcomes: dict[Key, list[Json]] = {}
        self._failed: dict[Key, Json] = {}
        self._lock = threading.Lock()
        if replay is not None and (Path(replay).exists() or replay != record):
            self._read(Path(replay))
        elif record is not None:
            Path(record).write_text(json.dumps(HEADER) + "\n", encoding="utf-8")

    def _read(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
        if not lines or lines[0] != HEADER:
            raise ValueError(f"{path}: not a recording of auroraml")
        for line in lines[1:]:
            self._keep(line)

    def _keep(self, line: Json) -> None:
        service, target, rows = line["service"], line["target"], line["rows"]
        self._outcomes.setdefault((service, target, *rows), []).append(line)
        for i, row in enumerate(rows):
            key = (service, target, row)
            if "answers" in line:
                self._answers.setdefault(key, []).append(line["answers"][i])
            else:
                self._failed[key] = line

    def add(self, line: Json) -> None:
        """Record a request."""
        with self._lock:
            if self.replays:
                self._keep(line)
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def find(self, service: str, target: str, rows: Sequence[str]) -> Json | None:
        """The answers of a request: those of its rows; an error or a body that does not fit, where it was recorded so; None where a row is missing."""
        with self._lock:
            whole = self._outcomes.get((service, target, *rows))
            if whole is not None:
                line = _next(whole)
                if "answers" not in line:
                    return line
            keys = [(service, target, row) for row in rows]
            missing = [key for key in keys if key not in self._answers]
            if not missing:
                return {"answers": [_next(self._answers[key]) for key in keys]}
            return next((self._failed[key] for key in missing if key in self._failed), None)

    def missing(self, service: str, target: str, rows: Sequence[str]) -> ClientFailure:
        """What is said of a request that was not recorded: its first unknown row."""
        row = next((row for row in rows if (service, target, row) not in self._answers), "")
        shown = row if len(row) <= 60 else f"{row[:60]}..."
        return ClientFailure("NotRecorded", f"not in the recording {self.name}: {shown}", transient=False)


def _next(answers: list[T]) -> T:
    return answers.pop(0) if len(answers) > 1 else answers[0]


class _Recorded:
    """What the three services have in common."""

    service = ""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def outcome(self, operation: str, target: str, rows: Sequence[str], ask: Callable[[], Json] | None) -> Json:
        """The recorded outcome of a request, or the one it has now."""
        found = self.tape.find(self.service, target, rows) if self.tape.replays else None
        if found is None:
            if ask is None:
                raise self.tape.missing(self.service, target, rows)
            found = self._asked(operation, target, rows, ask)
        if "error" in found:
            raise _failure(found["error"])
        return found

    def _asked(self, operation: str, target: str, rows: Sequence[str], ask: Callable[[], Json]) -> Json:
        line: Json = {"service": self.service, "operation": operation, "target": target, "rows": list(rows)}
        try:
            line |= ask()
        except ServiceFailure as failure:
            kind = "client" if isinstance(failure, ClientFailure) else "service"
            told = {"kind": kind, "code": failure.code, "message": failure.message, "transient": failure.transient, "attempts": failure.attempts,
                    "exhausted": failure.exhausted}  # fmt: skip
            self.tape.add({**line, "error": told})
            raise
        self.tape.add(line)
        return line


def _failure(error: Json) -> ServiceFailure:
    made = ClientFailure if error["kind"] == "client" else ServiceFailure
    found = made(error["code"], error["message"], transient=error["transient"], attempts=error["attempts"])
    found.exhausted = error["exhausted"]
    return found


class RecordedComprehend(_Recorded):
    """Comprehend's answers by language and document."""

    service = "Comprehend"
    at_once = MAX_DOCUMENTS

    def __init__(self, tape: Tape, inner: Comprehend | None) -> None:
        super().__init__(tape)
        self.inner = inner
        self.waits = Waiting.NO if inner is None else inner.waits

    def abandon(self, thread: int) -> None:
        """Tell the service."""
        if self.inner is not None:
            self.inner.abandon(thread)

    def detect_sentiment(self, text: str, language: str) -> Sentiments:
        """DetectSentiment."""
        inner = self.inner
        ask = None if inner is None else lambda: _listed(inner.detect_sentiment(text, language))
        return _sentiments(self.outcome("DetectSentiment", language, [text], ask)["answers"])

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """BatchDetectSentiment."""
        inner = self.inner
        ask = None if inner is None else lambda: _listed(inner.batch_detect_sentiment(texts, language))
        return _sentiments(self.outcome("BatchDetectSentiment", language, texts, ask)["answers"])


def _listed(found: Sentiments) -> Json:
    wrong = {error.index: error for error in found.errors}
    answers: list[Json] = [
        {"code": wrong[i].code, "message": wrong[i].message} if i in wrong else {"sentiment": label, "scores": found.scores[i].tolist()}
        for i, label in enumerate(found.labels)
    ]
    return {"answers": answers}


def _sentiments(answers: Sequence[Json]) -> Sentiments:
    errors = tuple(ItemError(index=i, code=a["code"], message=a["message"]) for i, a in enumerate(answers) if "code" in a)
    scores = np.array([a.get("scores", [0.0] * len(LABELS)) for a in answers], np.float32).reshape(len(answers), len(LABELS))
    return Sentiments(labels=[a.get("sentiment", "") for a in answers], scores=scores, errors=errors)


class RecordedSageMaker(_Recorded):
    """Endpoints' answers by endpoint and row of text/csv."""

    service = "SageMaker"

    def __init__(self, tape: Tape, inner: SageMaker | None) -> None:
        super().__init__(tape)
        self.inner = inner

    def waits(self, endpoint: str) -> Waiting:
        """As the service."""
        return Waiting.NO if self.inner is None else self.inner.waits(endpoint)

    def abandon(self, endpoint: str, thread: int) -> None:
        """Tell the service."""
        if self.inner is not None:
            self.inner.abandon(endpoint, thread)

    def limit(self, endpoint: str) -> float:
        """As the service."""
        return 60.0 if self.inner is None else self.inner.limit(endpoint)

    def timed_out(self, endpoint: str) -> ServiceFailure:
        """As the service."""
        return self.tape.missing(self.service, endpoint, ()) if self.inner is None else self.inner.timed_out(endpoint)

    def instance(self, endpoint: str) -> str:
        """As the service; not recorded."""
        return "" if self.inner is None else self.inner.instance(endpoint)

    def wants_csv(self, endpoint: str) -> bool:
        """Always: the recording is of text/csv."""
        return True

    def invoke_endpoint(self, endpoint: str, request: Request) -> Response:
        """InvokeEndpoint."""
        rows, inner = [line.removesuffix("\n") for line in request.lines.to_pylist()], self.inner
        ask = None if inner is None else lambda: _rows(inner.invoke_endpoint(endpoint, request), request.n)
        found = self.outcome("InvokeEndpoint", endpoint, rows, ask)
        if "body" in found:
            return Response(body=base64.b64decode(found["body"]))
        return Response(rows=pa.array(found["answers"], pa.large_string()))


def _rows(response: Response, n: int) -> Json:
    """One answer a row; the whole body where it has not so many."""
    if response.rows is not None:
        texts = response.rows if isinstance(response.rows, pa.Array) else response.rows.values
        body = "\n".join(texts.to_pylist()).encode()
    else:
        body = response.body or b""
        try:
            texts = split_rows(body, n)
        except UnicodeDecodeError:
            texts = ()
    return {"answers": texts.to_pylist()} if len(texts) == n else {"body": base64.b64encode(body).decode()}


class RecordedBedrock(_Recorded):
    """Models' answers by model, media types and the JSON that was sent, however it was laid out."""

    service = "Bedrock"

    def __init__(self, tape: Tape, inner: Bedrock | None) -> None:
        super().__init__(tape)
        self.inner = inner

    def waits(self, model: str) -> Waiting:
        """As the service."""
        return Waiting.NO if self.inner is None else self.inner.waits(model)

    def abandon(self, model: str, thread: int) -> None:
        """Tell the service."""
        if self.inner is not None:
            self.inner.abandon(model, thread)

    def invoke_model(self, prompt: Prompt) -> Completion:
        """InvokeModel."""
        inner = self.inner
        ask = None if inner is None else lambda: _completed(inner.invoke_model(prompt))
        row = json.dumps([prompt.content_type, prompt.accept, _canonical(prompt.body)], ensure_ascii=False)
        found = self.outcome("InvokeModel", prompt.model, [row], ask)["answers"][0]
        body = base64.b64decode(found["body"]) if "body" in found else str(found["text"]).encode()
        if "tokens" not in found:
            return Completion(body=body)
        return CountedCompletion(body=body, input_tokens=found["tokens"][0], output_tokens=found["tokens"][1])


def _completed(found: Completion) -> Json:
    try:
        answer: Json = {"text": found.body.decode()}
    except UnicodeDecodeError:
        answer = {"body": base64.b64encode(found.body).decode()}
    if isinstance(found, CountedCompletion):
        answer["tokens"] = [found.input_tokens, found.output_tokens]
    return {"answers": [answer]}


def _canonical(body: str) -> str:
    try:
        return json.dumps(json.loads(body, strict=False), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return body


def recorded(replay: str | Path | None, record: str | Path | None, inner: Mapping[str, Any]) -> Json:
    """The three services with a tape before them; without services behind it only what is on the tape is answered."""
    tape = Tape(replay, record)
    kinds = {"comprehend": RecordedComprehend, "sagemaker": RecordedSageMaker, "bedrock": RecordedBedrock}
    return {name: kind(tape, inner[name]) for name, kind in kinds.items()}
