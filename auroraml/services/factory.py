"""Factory: the services a Database was asked for: embedded models or the real services, endpoints from Python or one TOML file."""

from __future__ import annotations

import importlib
from collections.abc import Callable as Function
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auroraml.lazy import load
from auroraml.services.calls import Services
from auroraml.services.clock import Clock, RealClock
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
from auroraml.services.prices import PriceLists
from auroraml.services.workers import LIMIT, Workers


def make_services(
    services: object = "embedded",
    endpoints: Mapping[str, object] | str | Path | None = None,
    *,
    sentiment: Function[..., object] | str | None = None,
    models: Mapping[str, object] | None = None,
    comprehend: Mapping[str, Any] | None = None,
    faults: Mapping[str, Mapping[str, object]] | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    workers: int = LIMIT,
    clock: Clock | None = None,
    prices: Mapping[str, object] | None = None,
    cluster: Mapping[str, object] | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
) -> Services:
    """`services`: "embedded", "aws", or a Services of one's own. `endpoints`: name to Endpoint, callable, estimator or TOML table; or a TOML file.

    `sentiment`: a function (texts, language) giving one label, or (label, confidence), a text, instead of the embedded model; or its name.
    `models`: Bedrock's model ids to functions of a request's JSON, Models or TOML tables, before the embedded ones.
    `comprehend`: how Comprehend is simulated (instances, latency, faults). `faults`: those of endpoints and models by name, and of "comprehend".
    `prices`: price lists by name, each what it changes of the list `base`.
    `cluster`: roles and policies, which turn IAM on (see services/cluster.py).
    `record`: a file to keep all requests and answers in. `replay`: such a file, whose answers are given instead of asking; both, the same: only what
    is missing is asked.
    `workers`: the most calls of callables, containers and boto3 at once, abandoned ones included.
    """
    if isinstance(services, Services):
        return services
    clock = clock or RealClock()
    place = Cluster(cluster, region=region or "", real=services == "aws")
    common: dict[str, Any] = {"clock": clock, "workers": Workers(workers), "prices": PriceLists(prices), "cluster": place}
    if services not in ("aws", "embedded"):
        raise ValueError('services is "embedded", "aws" or a Services object')
    made: dict[str, Any] = {"comprehend": None, "sagemaker": None, "bedrock": None}
    if replay is not None and record is None:
        pass  # nobody is asked
    elif services == "aws":
        real = load("auroraml.services.boto.clients")  # boto3 takes 130 ms to import: only where it is asked for
        made = dict(zip(made, real.clients(endpoint_url=endpoint_url, profile=profile, region=region), strict=True))
    else:
        if isinstance(endpoints, str | Path):
            endpoints = read_config(endpoints).endpoints
        function = named(sentiment) if isinstance(sentiment, str) else sentiment
        embedded = Simulation(
            comprehend=EmbeddedComprehend(function, Hosting.of(HostingOptions(**(comprehend or {}))), clock),  # type: ignore[typeddict-item] # checked there
            sagemaker=EmbeddedSageMaker({name: endpoint_of(value) for name, value in (endpoints or {}).items()}, clock, place),
            bedrock=made_bedrock(models or {}, named, clock),
        )
        for target, chances in (faults or {}).items():
            embedded.set_faults(target, chances)
        made = {"comprehend": embedded.comprehend, "sagemaker": embedded.sagemaker, "bedrock": embedded.bedrock, "simulation": embedded}
    if record is not None or replay is not None:
        made |= load("auroraml.services.recording").recorded(replay, record, made)
    return Services(**made, **common)


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
    made = KINDS[str(kind)](**options).at(**place)
    made.host(HostingOptions(**hosted))  # type: ignore[typeddict-item] # checked there
    return made
