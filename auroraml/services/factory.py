"""Factory: the services a Database was asked for: embedded models or the real services, endpoints from Python or one TOML file."""

from __future__ import annotations

import threading
from collections.abc import Callable as Function
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auroraml.lazy import load
from auroraml.services.calls import Services
from auroraml.services.clock import Clock, RealClock
from auroraml.services.cluster import Cluster
from auroraml.services.embedded.setup import simulation
from auroraml.services.prices import PriceLists
from auroraml.services.workers import LIMIT, Workers

SERVICES = ("comprehend", "sagemaker", "bedrock")


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
        made = _embedded(clock, place, {"endpoints": endpoints, "sentiment": sentiment, "models": models, "comprehend": comprehend, "faults": faults})
    if record is not None or replay is not None:
        made |= load("auroraml.services.recording").recorded(replay, record, made)
    return Services(**made, **common)


def _embedded(clock: Clock, place: Cluster, options: dict[str, Any]) -> dict[str, Any]:
    """The embedded services by name; made with the first call where there is nothing in the options that could be wrong."""
    if any(options.values()):
        made = simulation(clock, place, **options)
        return {**{name: getattr(made, name) for name in SERVICES}, "simulation": made}
    whole = _Once(lambda: simulation(clock, place))
    return {**{name: _Late(whole, name) for name in SERVICES}, "simulation": _Late(whole)}


class _Once:
    """The answer of a function, asked when first needed and kept."""

    def __init__(self, make: Function[[], Any]) -> None:
        self.make = make
        self.made: Any = None
        self.lock = threading.Lock()

    def __call__(self) -> Any:
        with self.lock:
            if self.made is None:
                self.made = self.make()
            return self.made


class _Late:
    """A service that is made when something of it is first asked for."""

    def __init__(self, whole: _Once, part: str = "") -> None:
        self._whole = whole
        self._part = part

    def __getattr__(self, name: str) -> Any:
        made = self._whole()
        return getattr(getattr(made, self._part) if self._part else made, name)
