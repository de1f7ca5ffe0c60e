"""EmbeddedSageMaker: SageMaker's runtime over endpoints of this process, with the service's own refusals."""

from __future__ import annotations

import re
from collections.abc import Callable as Function
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pyarrow as pa

from auroraml.services.clock import Clock, RealClock
from auroraml.services.cluster import Cluster
from auroraml.services.embedded.endpoint import Endpoint
from auroraml.services.embedded.faults import Faults
from auroraml.services.embedded.hosting import ANSWERING, Host, Hosting, timed_out, virtual
from auroraml.services.protocols import ModelFailure, Response, ServiceFailure, Waiting
from auroraml.services.request import Request

ENDPOINT_NAME = re.compile("^[a-zA-Z0-9](-*[a-zA-Z0-9])*")
LONGEST_NAME = 63
MAX_ANSWER_BYTES = 6_291_456


class EmbeddedSageMaker:
    """Endpoints by name; how each is served is decided once, and again when its faults or its status change."""

    def __init__(self, endpoints: Mapping[str, Endpoint], clock: Clock | None = None, cluster: Cluster | None = None) -> None:
        self.endpoints = dict(endpoints)
        self.clock = clock or RealClock()
        self.cluster = cluster or Cluster()
        self.hosting = {name: endpoint.hosting or Hosting() for name, endpoint in self.endpoints.items()}
        self.hosts: dict[str, Host] = {}
        self._serving: dict[str, Function[[Request], Response]] = {}
        for name in self.endpoints:
            self._serve(name)

    def _serve(self, name: str) -> None:
        endpoint, hosting = self.endpoints[name], self.hosting[name]
        if hosting.plain:
            self.hosts.pop(name, None)
            serve = endpoint.invoke
        else:
            host = self.hosts[name] = Host("SageMaker", hosting, self.clock)
            serve = partial(hosted, host, endpoint)
        self._serving[name] = serve if hosting.status in ANSWERING else partial(self._refuse, name)

    def anew(self, clock: Clock) -> EmbeddedSageMaker:
        """The same endpoints on hosts in virtual time."""
        made = EmbeddedSageMaker({}, clock, self.cluster)
        made.endpoints, made.hosting = self.endpoints, {name: virtual("SageMaker", hosting) for name, hosting in self.hosting.items()}
        for name in made.endpoints:
            made._serve(name)
        return made

    def put(self, name: str, endpoint: Endpoint) -> None:
        """Add an endpoint, or put another one in its place."""
        self.endpoints[name], self.hosting[name] = endpoint, endpoint.hosting or Hosting()
        self._serve(name)

    def change(self, name: str, *, faults: Faults | None = None, status: str | None = None) -> None:
        """Give an endpoint other faults or another status; ValueError for what cannot be."""
        before = self.hosting[name]
        self.hosting[name] = replace(before, faults=faults or before.faults, status=status or before.status)
        try:
            self._serve(name)
        except ValueError:
            self.hosting[name] = before
            raise

    def _refuse(self, name: str, request: Request) -> Response:
        raise self._not_found(name)

    def _not_found(self, name: str) -> ServiceFailure:
        return ServiceFailure("ValidationError", f"Endpoint {name} of account {self.cluster.account('SageMaker')} not found.", transient=False)

    def waits(self, endpoint: str) -> Waiting:
        """How long a call may take."""
        found = self.endpoints.get(endpoint)
        if found is None:
            return Waiting.NO
        return Waiting.YES if self.hosting[endpoint].lasting else found.waits

    def limit(self, endpoint: str) -> float:
        """Seconds after which a call is given up."""
        found = self.hosting.get(endpoint)
        return Hosting.time_limit if found is None else found.time_limit

    def _located(self, failure: ModelFailure, endpoint: str) -> ServiceFailure:
        return failure.located(endpoint, self.cluster.region, self.cluster.account("SageMaker"))

    def timed_out(self, endpoint: str) -> ServiceFailure:
        """How that fails."""
        return self._located(timed_out(), endpoint)

    def abandon(self, endpoint: str, thread: int) -> None:
        """Tell the endpoint, and end a simulated wait."""
        if endpoint in self.hosts:
            self.hosts[endpoint].abandon(thread)
        self.endpoints[endpoint].abandon(thread)

    def instance(self, endpoint: str) -> str:
        """The endpoint's instance type."""
        found = self.endpoints.get(endpoint)
        return "" if found is None else found.instance_type

    def wants_csv(self, endpoint: str) -> bool:
        """Whether the endpoint reads text/csv; false for an unknown one, which `invoke_endpoint` refuses."""
        found = self.endpoints.get(endpoint)
        return found is not None and found.content == "csv"

    def invoke_endpoint(self, endpoint: str, request: Request) -> Response:
        """The endpoint's answer."""
        serve = self._serving.get(endpoint)
        if serve is None or not self.cluster.reaches("SageMaker", self.endpoints[endpoint]):
            raise refused_name(endpoint) or self._not_found(endpoint)
        try:
            response = serve(request)
            if response.body is not None and len(response.body) > MAX_ANSWER_BYTES:
                raise ModelFailure(500, f"an answer of {len(response.body)} bytes, more than {MAX_ANSWER_BYTES}")
        except ModelFailure as failure:
            raise self._located(failure, endpoint) from (failure.__cause__ or failure)
        return response


def refused_name(name: str) -> ServiceFailure | None:
    """The service's refusal of a name that no endpoint can have, such as a URL or an ARN; an endpoint declared here may have any, as the guide's have."""
    rules = []
    if len(name) > LONGEST_NAME:
        rules.append(f"have length less than or equal to {LONGEST_NAME}")
    if not ENDPOINT_NAME.fullmatch(name):
        rules.append(f"satisfy regular expression pattern: {ENDPOINT_NAME.pattern}")
    if not rules:
        return None
    problems = "; ".join(f"Value '{name}' at 'endpointName' failed to satisfy constraint: Member must {rule}" for rule in rules)
    return ServiceFailure("ValidationError", f"{len(rules)} validation error{'s' if len(rules) > 1 else ''} detected: {problems}", transient=False)


def hosted(host: Host, endpoint: Endpoint, request: Request) -> Response:
    """The answer of an endpoint on simulated instances, damaged where a fault has it so."""
    answer, fate = host.call(lambda: endpoint.invoke(request), content=lambda: request.body, rows=request.n)
    if fate == "malformed":
        return Response(body=b"\xff\xfe\x00")
    return _miscounted(answer, request.n) if fate == "wrong_rows" else answer


def _miscounted(answer: Response, n: int) -> Response:
    """The answer without its last row; with few rows, where that might pass for one line of several values, with one row more."""
    if answer.rows is None:
        lines = (answer.body or b"").removesuffix(b"\n").split(b"\n")
        return Response(body=b"\n".join(lines[:-1] if n > 2 and len(lines) == n else [*lines, lines[-1], lines[-1]]))
    texts = answer.rows if isinstance(answer.rows, pa.Array) else answer.rows.values
    return Response(rows=texts[:-1] if n > 1 else pa.concat_arrays([texts, texts]))
