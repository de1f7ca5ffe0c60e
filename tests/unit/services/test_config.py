"""Endpoints, services and parameters declared in one TOML file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest

import auroraml
from auroraml.services.boto.clients import BotoComprehend
from auroraml.services.config import read_config
from auroraml.services.embedded.setup import endpoint_of
from auroraml.services.endpoints import Callable, HttpContainer, LinearLearner, RandomCutForest, ScikitLearn, XGBoost
from auroraml.services.factory import make_services

FILE = """
[endpoints.by-module]
kind = "callable"
callable = "tests.unit.services.test_config:double"

[endpoints.far]
kind = "http"
url = "http://127.0.0.1:8080"
timeout = 5.0

[endpoints.line]
kind = "linear-learner"
data = "data.csv"
label = "y"

[endpoints.odd]
kind = "random-cut-forest"
data = "data.csv"
trees = 50

[endpoints.trees]
kind = "xgboost"
data = "data.csv"
label = "y"
rounds = 3

[endpoints.near]
kind = "scikit-learn"
estimator = "sklearn.linear_model:LinearRegression"
data = "data.csv"
label = "y"

[services]
sentiment = "tests.unit.services.test_config:sunny"
workers = 3

[parameter_group]
work_mem = "8MB"
apg_enable_function_migration = false
"""


def double(table: pa.Table) -> pa.ChunkedArray:
    """A model to be named in the file."""
    return pc.multiply(table.column(0), 2)


def sunny(texts: list[str], language: str) -> list[str]:
    """A sentiment model to be named in the file."""
    return ["POSITIVE"] * len(texts)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    x = np.random.default_rng(0).normal(size=(80, 2))
    pacsv.write_csv(pa.table({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] * 2 + 1}), tmp_path / "data.csv")
    path = tmp_path / "auroraml.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_every_kind(file: Path) -> None:
    made = {name: endpoint_of(table) for name, table in read_config(file).endpoints.items()}
    assert {name: type(endpoint) for name, endpoint in made.items()} == {
        "by-module": Callable, "far": HttpContainer, "line": LinearLearner, "odd": RandomCutForest, "trees": XGBoost, "near": ScikitLearn,
    }  # fmt: skip


def test_a_database_from_the_file(file: Path) -> None:
    with auroraml.connect(config=file, user="rdsadmin") as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        row = connection.execute(
            "SELECT aws_sagemaker.invoke_endpoint('by-module', NULL, 21), aws_sagemaker.invoke_endpoint('line', NULL, 1.0, 0.0)::real"
        )
        assert row.fetchone() == ("42", pytest.approx(3, abs=0.01))
        assert connection.execute("SELECT (aws_comprehend.detect_sentiment('terrible', 'en')).sentiment").fetchone() == ("POSITIVE",)
        assert connection.execute("SHOW work_mem").fetchone() == ("8MB",)
        assert connection.execute("SHOW apg_enable_function_migration").fetchone() == ("off",)
        assert connection.database.service_clients.workers.limit == 3


def test_what_is_given_goes_before_the_file(file: Path) -> None:
    with auroraml.connect(
        config=file, endpoints={"by-module": lambda table: ["mine"]}, parameters={"work_mem": "1MB"}, user="rdsadmin"
    ) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        assert connection.execute("SELECT aws_sagemaker.invoke_endpoint('by-module', NULL, 1)").fetchone() == ("mine",)
        assert connection.execute("SHOW work_mem").fetchone() == ("1MB",)


def test_endpoints_alone_from_a_file(file: Path) -> None:
    with auroraml.connect(endpoints=file) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("4MB",)


def test_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[endpoint.e]\nkind = 'http'\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"\[endpoint\] is not one of cluster, comprehend, endpoints, faults, models, parameter_group, prices, services"
    ):
        read_config(path)
    with pytest.raises(ValueError, match="endpoint kind 'magic' is not one of"):
        endpoint_of({"kind": "magic"})
    with pytest.raises(TypeError, match="an endpoint is a callable"):
        endpoint_of(5)
    with pytest.raises(ValueError, match='services is "embedded", "aws"'):
        make_services("azure")


def test_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    services = make_services("aws", region="eu-west-1", endpoint_url="http://127.0.0.1:9")
    assert isinstance(services.comprehend, BotoComprehend)
    assert services.comprehend.client.meta.region_name == "eu-west-1"
    assert services.comprehend.client.meta.endpoint_url == "http://127.0.0.1:9"
