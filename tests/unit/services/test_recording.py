"""Record and replay: real answers kept in a file, given again offline in whatever batches, orders and workers; what was not recorded is an error."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from auroraml_cli.invocation import parse_arguments

import auroraml
from auroraml import errors
from auroraml.services.endpoints import Callable, Failure
from tests.unit.services.server import Answer, serving

SETUP = """CREATE EXTENSION aws_ml CASCADE; CREATE TABLE t (id int, body text);
INSERT INTO t SELECT g, 'text ' || g FROM generate_series(1, 60) g"""
QUERY = """SELECT id, o, s.sentiment, s.confidence, aws_bedrock.invoke_model('amazon.titan-text-lite-v1', NULL, NULL, json_build_object('inputText', body)::text)
FROM t, aws_sagemaker.invoke_endpoint('e', {size}, id, body) AS o, aws_comprehend.detect_sentiment(body, 'en', {size}) AS s ORDER BY id"""


def connected(**options: object) -> auroraml.Connection:
    """A connection with the tables."""
    connection = auroraml.connect(user="rdsadmin", autocommit=True, **options)  # type: ignore[arg-type] # whatever a test gives
    connection.execute(SETUP)
    return connection


CALLED: list[int] = []


def model(table: pa.Table) -> list[str]:
    CALLED.append(table.num_rows)
    return [f'{a},"{b}"' for a, b in zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True)]


def test_what_was_recorded_is_answered_in_other_batches(tmp_path: Path) -> None:
    tape = tmp_path / "calls.jsonl"
    with connected(endpoints={"e": Callable(model)}, record=tape) as connection:
        wanted = connection.execute(QUERY.format(size=25)).fetchall()
    called = len(CALLED)
    for size in ("NULL", "1", "7", "60"):
        with connected(replay=tape) as connection:
            assert connection.execute(QUERY.format(size=size)).fetchall() == wanted
            assert connection.execute("SELECT * FROM (" + QUERY.format(size=size) + ") AS q WHERE id % 7 = 0").fetchall() == [
                w for w in wanted if w[0] % 7 == 0
            ]
    assert len(CALLED) == called
    lines = [json.loads(line) for line in tape.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"auroraml_recording": 1}
    assert {line["operation"] for line in lines[1:]} == {"InvokeEndpoint", "BatchDetectSentiment", "InvokeModel"}


def test_workers_replay_at_the_same_time(tmp_path: Path) -> None:
    tape = tmp_path / "calls.jsonl"
    with connected(endpoints={"e": Callable(model)}, record=tape) as connection:
        wanted = connection.execute(QUERY.format(size=25)).fetchall()
    with connected(replay=tape) as connection:
        found: list[object] = []

        def ask(size: int) -> None:
            with connection.database.connect(user="rdsadmin") as other:
                found.append(other.execute(QUERY.format(size=size)).fetchall())

        threads = [threading.Thread(target=ask, args=(size,)) for size in (3, 5, 11, 60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [wanted] * 4


def test_what_was_not_recorded_is_an_error(tmp_path: Path) -> None:
    tape = tmp_path / "calls.jsonl"
    with connected(endpoints={"e": Callable(model)}, record=tape) as connection:
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, id, body) FROM t WHERE id < 3")
    with connected(replay=tape) as connection:
        with pytest.raises(errors.SystemError, match='could not invoke endpoint "e"') as caught:
            connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, id, body) FROM t WHERE id < 4")
        assert caught.value.diag.message_detail == "Amazon SageMaker client returned 'not in the recording calls.jsonl: 3,text 3'."
        with pytest.raises(errors.SystemError, match="could not detect sentiment"):
            connection.execute("SELECT aws_comprehend.detect_sentiment('good', 'en')")
        with pytest.raises(errors.SystemError, match="could not invoke model"):
            connection.execute("SELECT aws_bedrock.invoke_model('m', NULL, NULL, '{}')")


def test_errors_are_recorded_and_raised_again_in_their_turn(tmp_path: Path) -> None:
    tape, left = tmp_path / "calls.jsonl", ["ValidationError", ""]

    def fails_once(table: pa.Table) -> pa.ChunkedArray:
        if code := left.pop(0):
            raise Failure(code, "not today")
        return table.column(0)

    query = "SELECT aws_sagemaker.invoke_endpoint('e', NULL, 7)"
    for options in ({"endpoints": {"e": fails_once}, "record": tape}, {"replay": tape}):
        with connected(**options) as connection:
            with pytest.raises(errors.SystemError) as caught:
                connection.execute(query)
            assert "(ValidationError) when calling the InvokeEndpoint operation: not today" in str(caught.value.diag.message_detail)
            assert connection.execute(query).fetchone() == ("7",)


def test_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    tape = tmp_path / "calls.jsonl"
    for upto in (10, 20):
        before = sum(CALLED)
        with connected(endpoints={"e": Callable(model)}, record=tape, replay=tape) as connection:
            connection.execute(f"SELECT aws_sagemaker.invoke_endpoint('e', 1, id, body) FROM t WHERE id <= {upto}")
        assert sum(CALLED) - before == 10


def test_models_requests_are_known_however_they_are_laid_out(tmp_path: Path) -> None:
    tape, asked = tmp_path / "calls.jsonl", []

    def answer(request: dict[str, object]) -> dict[str, object]:
        asked.append(request)
        return {"embedding": [0.5, 1.0]}

    with connected(models={"my.model": answer}, record=tape) as connection:
        connection.execute("SELECT aws_bedrock.invoke_model_get_embeddings('my.model', NULL, 'embedding', '{\"a\": 1, \"b\": [2]}')")
    with connected(replay=tape) as connection:
        found = connection.execute("SELECT aws_bedrock.invoke_model_get_embeddings('my.model', NULL, 'embedding', '{\"b\":[2],\"a\":1}')")
        assert found.fetchone() == ([0.5, 1.0],)
    assert len(asked) == 1


def test_aws_is_recorded_without_credentials_and_replayed_without_boto3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIAsecret", "AWS_SECRET_ACCESS_KEY": "wJalrsecret", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    tape = tmp_path / "calls.jsonl"
    with (
        serving(lambda method, path, body: Answer(body=body.replace(b",", b"-"))) as server,
        connected(services="aws", region="us-east-1", endpoint_url=server.url, record=tape) as connection,
    ):
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, id, body) FROM t")
    assert "secret" not in tape.read_text(encoding="utf-8")
    script = f"""
import sys, auroraml
with auroraml.connect(replay={str(tape)!r}, user="rdsadmin", autocommit=True) as connection:
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    print(connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, 7, 'text 7')").fetchone()[0], "boto3" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "7-text 7 False\n"


def test_a_file_that_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not a recording of auroraml"):
        auroraml.connect(replay=path)
    with pytest.raises(FileNotFoundError):
        auroraml.connect(replay=tmp_path / "nothing.jsonl")


def test_toml_and_the_command_line(tmp_path: Path) -> None:
    config = tmp_path / "auroraml.toml"
    config.write_text('[services]\nrecord = "calls.jsonl"\n\n[models.m]\nlike = "amazon.titan-text-lite-v1"\n', encoding="utf-8")
    with connected(config=config) as connection:
        connection.execute("SELECT aws_bedrock.invoke_model('m', NULL, NULL, '{\"inputText\": \"hello\"}')")
    assert len((tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    asked = parse_arguments(["--record", "a.jsonl", "--replay=b.jsonl"], "auroraml-sql")
    assert (asked.record, asked.replay) == ("a.jsonl", "b.jsonl")
