"""Factory: the services a Database was asked for: embedded models or the real services, endpoints from Python or one TOML file."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable as Function
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auroraml.services.calls import Services
from auroraml.services.clock import Clock, RealClock
from auroraml.services.embedded.comprehend import EmbeddedComprehend
from auroraml.services.embedded.containers import HttpContainer
from auroraml.services.embedded.endpoint import Callable, EmbeddedSageMaker, Endpoint
from auroraml.services.embedded.forest import RandomCutForest
from auroraml.services.embedded.linear import LinearLearner
from auroraml.services.embedded.models import ScikitLearn, XGBoost


def make_services(
    services: object = "embedded",
    endpoints: Mapping[str, object] | str | Path | None = None,
    *,
    sentiment: Function[..., object] | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    quoting: bool = True,
    clock: Clock | None = None,
) -> Services:
    """`services`: "embedded", "aws", or a Services of one's own. `endpoints`: name to Endpoint, callable, estimator or TOML table; or a TOML file.

    `sentiment`: a function (texts, language) giving one label, or (label, confidence), a text, instead of the embedded model.
    """
    if isinstance(services, Services):
        return services
    if services == "aws":
        real = importlib.import_module("auroraml.services.boto.clients")  # boto3 takes 130 ms to import: only where it is asked for
        comprehend, sagemaker = real.clients(endpoint_url=endpoint_url, profile=profile, region=region)
        return Services(comprehend=comprehend, sagemaker=sagemaker, clock=clock or RealClock(), quoting=quoting)
    if services != "embedded":
        raise ValueError('services is "embedded", "aws" or a Services object')
    if isinstance(endpoints, str | Path):
        endpoints = read_toml(Path(endpoints))
    made = {name: endpoint_of(value) for name, value in (endpoints or {}).items()}
    return Services(comprehend=EmbeddedComprehend(sentiment), sagemaker=EmbeddedSageMaker(made), clock=clock or RealClock(), quoting=quoting)


def endpoint_of(value: object) -> Endpoint:
    """An Endpoint from what a user may give."""
    if isinstance(value, Endpoint):
        return value
    if isinstance(value, Mapping):
        return from_table(value)
    if isinstance(value, str):
        return HttpContainer(value) if value.startswith(("http://", "https://")) else Callable(named(value))
    predict = getattr(value, "predict", None)  # an estimator of a library that is not ours
    if predict is not None and not callable(value):
        return ScikitLearn(value)
    if callable(value):
        return Callable(value)
    raise TypeError(f"an endpoint is a callable, an estimator, an auroraml.endpoints object or a table, not {type(value).__name__}")


def read_toml(path: Path) -> dict[str, object]:
    """The [endpoints.NAME] tables of a TOML file; relative files in them are found beside it."""
    with path.open("rb") as file:
        tables = tomllib.load(file).get("endpoints", {})
    for table in tables.values():
        for key in ("data", "model"):
            if key in table:
                table[key] = str(path.parent / table[key])
    return dict(tables)


def named(path: str) -> Function[..., object]:
    """The function that "package.module:name" means."""
    module, _, name = path.partition(":")
    if not name:
        raise ValueError(f'a callable is written "package.module:name", not {path!r}')
    found: Function[..., object] = getattr(importlib.import_module(module), name)
    return found


def _callable(callable: str, content: str = "arrow") -> Endpoint:
    return Callable(named(callable), content=content)


def _estimator(estimator: str, **options: Any) -> Endpoint:
    return ScikitLearn(named(estimator)(), **options)


KINDS: dict[str, Function[..., Endpoint]] = {
    "callable": _callable,
    "http": HttpContainer,
    "linear-learner": LinearLearner,
    "random-cut-forest": RandomCutForest,
    "scikit-learn": _estimator,
    "xgboost": XGBoost,
}


def from_table(table: Mapping[str, object]) -> Endpoint:
    """An endpoint from a TOML table: kind, and that kind's options."""
    options = dict(table)
    kind = options.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"endpoint kind {kind!r} is not one of {', '.join(KINDS)}")
    return KINDS[str(kind)](**options)
