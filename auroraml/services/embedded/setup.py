"""Set-up: the embedded services a Database was asked for, their endpoints made of callables, estimators and TOML tables."""

from __future__ import annotations

import importlib
from collections.abc import Callable as Function
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auroraml.lazy import load
from auroraml.services.clock import Clock
from auroraml.services.cluster import Cluster
from auroraml.services.config import read_config
from auroraml.services.embedded.bedrock import made as made_bedrock
from auroraml.services.embedded.comprehend import EmbeddedComprehend
from auroraml.services.embedded.endpoint import Callable, Endpoint
from auroraml.services.embedded.forest import RandomCutForest
from auroraml.services.embedded.hosting import Hosting, HostingOptions
from auroraml.services.embedded.linear import LinearLearner
from auroraml.services.embedded.models import ScikitLearn, XGBoost
from auroraml.services.embedded.sagemaker import EmbeddedSageMaker
from auroraml.services.embedded.simulation import Simulation


def simulation(
    clock: Clock,
    place: Cluster,
    *,
    endpoints: Mapping[str, object] | str | Path | None = None,
    sentiment: Function[..., object] | str | None = None,
    models: Mapping[str, object] | None = None,
    comprehend: Mapping[str, Any] | None = None,
    faults: Mapping[str, Mapping[str, object]] | None = None,
) -> Simulation:
    """The three embedded services; the options are make_services'."""
    if isinstance(endpoints, str | Path):
        endpoints = read_config(endpoints).endpoints
    function = named(sentiment) if isinstance(sentiment, str) else sentiment
    made = Simulation(
        comprehend=EmbeddedComprehend(function, Hosting.of(HostingOptions(**(comprehend or {}))), clock),  # type: ignore[typeddict-item] # checked there
        sagemaker=EmbeddedSageMaker({name: endpoint_of(value) for name, value in (endpoints or {}).items()}, clock, place),
        bedrock=made_bedrock(models or {}, named, clock),
    )
    for target, chances in (faults or {}).items():
        made.set_faults(target, chances)
    return made


def endpoint_of(value: object) -> Endpoint:
    """An Endpoint from what a user may give."""
    if isinstance(value, Endpoint):
        return value
    if isinstance(value, Mapping):
        return from_table(value)
    if isinstance(value, str):
        return _container(value) if value.startswith(("http://", "https://")) else Callable(named(value))
    predict = getattr(value, "predict", None)  # an estimator of a library that is not ours
    if predict is not None and not callable(value):
        return ScikitLearn(value)
    if callable(value):
        return Callable(value)
    raise TypeError(f"an endpoint is a callable, an estimator, an auroraml.endpoints object or a table, not {type(value).__name__}")


def named(path: str) -> Function[..., object]:
    """The function that "package.module:name" means."""
    module, _, name = path.partition(":")
    if not name:
        raise ValueError(f'a callable is written "package.module:name", not {path!r}')
    found: Function[..., object] = getattr(importlib.import_module(module), name)
    return found


def _callable(callable: str, content: str = "arrow") -> Endpoint:
    return Callable(named(callable), content=content)


def _container(url: str, **options: Any) -> Endpoint:
    made: Endpoint = load("auroraml.services.embedded.containers").HttpContainer(url, **options)  # urllib3 takes a tenth of the start-up
    return made


def _estimator(estimator: str, **options: Any) -> Endpoint:
    return ScikitLearn(named(estimator)(), **options)


KINDS: dict[str, Function[..., Endpoint]] = {
    "callable": _callable,
    "http": _container,
    "linear-learner": LinearLearner,
    "random-cut-forest": RandomCutForest,
    "scikit-learn": _estimator,
    "xgboost": XGBoost,
}


def from_table(table: Mapping[str, object]) -> Endpoint:
    """An endpoint from a TOML table: kind, and that kind's options."""
    options = dict(table)
    kind = options.pop("kind", None)
    hosted = {name: options.pop(name) for name in HostingOptions.__annotations__ if name in options}
    place = {key: str(options.pop(key, "")) for key in ("account", "region")}
    if kind not in KINDS:
        raise ValueError(f"endpoint kind {kind!r} is not one of {', '.join(KINDS)}")
    try:
        made = KINDS[str(kind)](**options).at(**place)
    except TypeError as error:
        if "keyword argument" not in str(error):
            raise
        raise TypeError(f"an endpoint of kind {kind} has no option {str(error).rsplit(maxsplit=1)[-1]}") from error
    made.host(HostingOptions(**hosted))  # type: ignore[typeddict-item] # checked there
    return made
