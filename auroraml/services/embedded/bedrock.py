"""EmbeddedBedrock: Bedrock's runtime over the embedded models and users' functions, with the service's own refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pyarrow as pa

from auroraml.dispatch import singledispatch
from auroraml.errors import DatabaseError
from auroraml.services.clock import Clock, RealClock
from auroraml.services.embedded.faults import Faults
from auroraml.services.embedded.hosting import Host, Hosting, HostingOptions, virtual
from auroraml.services.embedded.payloads import FAMILIES, Answered, invalid, malformed
from auroraml.services.embedded.text_model import tokens
from auroraml.services.protocols import Completion, CountedCompletion, Prompt, ServiceFailure, Waiting

MOST_BYTES = 25_000_000
MODEL_ID = re.compile(r"[a-zA-Z0-9-:./_]{1,2048}")
_PREFIX = re.compile(r"^(arn:aws[\w-]*:bedrock:[\w-]*:\d*:(foundation-model|inference-profile)/)?((us|eu|apac|jp|au|global|us-gov)\.)?")
JSON_TYPES = ("application/json", "*/*", "")


class Model:
    """A model under an id: a function of the request's JSON (its answer is sent as JSON, a text or bytes as they are), or an embedded one."""

    def __init__(self, function: Callable[[Any], object] | None = None, *, like: str | None = None, **options: Unpack[HostingOptions]) -> None:
        if (function is None) == (like is None):
            raise ValueError("a model is a function, or like one of Bedrock's")
        if like is not None and family(like) is None:
            raise ValueError(f"no embedded model is like {like!r}")
        self.function = function
        self.like = like
        self.hosting = Hosting.of(options)

    def answer(self, prompt: Prompt) -> Completion:
        """The model's answer; what a function raises is a ModelErrorException with the original as its cause."""
        if self.function is None:
            return embedded(self.like or "", prompt)
        asked = parsed(prompt.body)
        try:
            found = self.function(asked)
        except (ServiceFailure, DatabaseError):
            raise
        except Exception as error:
            text = f"The model returned the following errors: {type(error).__name__}: {error}"
            raise ServiceFailure("ModelErrorException", text, transient=False) from error
        body = found if isinstance(found, bytes) else found.encode() if isinstance(found, str) else json.dumps(found, default=_plain).encode()
        return counted(prompt, body)


@singledispatch
def _plain(value: object) -> object:
    """A value of a library as JSON can have it."""
    raise ServiceFailure("ModelErrorException", f"The model returned {type(value).__name__}, which is no JSON", transient=False)


@_plain.register(np.ndarray)
@_plain.register(np.generic)
def _(value: np.ndarray | np.generic) -> object:
    return value.tolist()


@_plain.register(pa.Array)
@_plain.register(pa.ChunkedArray)
def _(value: pa.Array) -> object:
    return value.to_pylist()


class EmbeddedBedrock:
    """Models by id: users' first, then the embedded ones, each on hosts of its own."""

    def __init__(self, models: Mapping[str, Model] | None = None, clock: Clock | None = None) -> None:
        self.models = dict(models or {})
        self.clock = clock or RealClock()
        self.hosts: dict[str, Host] = {}
        for name, model in self.models.items():
            self._host(name, model.hosting)

    def _host(self, name: str, hosting: Hosting) -> None:
        made = None if hosting.plain else Host("Bedrock", hosting, self.clock)
        self.hosts.pop(name, None)
        if made is not None:
            self.hosts[name] = made

    def anew(self, clock: Clock) -> EmbeddedBedrock:
        """The same models on hosts in virtual time."""
        return VirtualBedrock(self, clock)

    def knows(self, name: str) -> bool:
        """Whether a model has that id."""
        return name in self.models or family(name) is not None

    def change(self, name: str, faults: Faults) -> None:
        """Give a model other faults; ValueError for what it cannot have."""
        before = self.models[name].hosting if name in self.models else Hosting()
        self._host(name, replace(before, faults=faults))

    def waits(self, model: str) -> Waiting:
        """How long a call may take."""
        host = self.hosts.get(model)
        if host is not None and host.hosting.lasting:
            return Waiting.YES
        return Waiting.PERHAPS if model in self.models else Waiting.NO

    def abandon(self, model: str, thread: int) -> None:
        """End a simulated wait."""
        if model in self.hosts:
            self.hosts[model].abandon(thread)

    def invoke_model(self, prompt: Prompt) -> Completion:
        """The model's answer."""
        host = self.hosts.get(prompt.model)
        if host is None:
            return self._answer(prompt)
        found, fate = host.call(lambda: self._answer(prompt), content=lambda: f"{prompt.model}\n{prompt.body}".encode(), rows=1)
        return replace(found, body=b"\xff\xfe" + found.body[:10]) if fate == "malformed" else found

    def _answer(self, prompt: Prompt) -> Completion:
        if not MODEL_ID.fullmatch(prompt.model):
            raise invalid("The provided model identifier is invalid.")
        if len(prompt.body.encode()) > MOST_BYTES:
            raise invalid(
                f"1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than or equal to {MOST_BYTES}"
            )
        own = self.models.get(prompt.model)
        return embedded(prompt.model, prompt) if own is None else own.answer(prompt)


class VirtualBedrock(EmbeddedBedrock):
    """One statement's Bedrock: every model that is asked for has a host."""

    def __init__(self, real: EmbeddedBedrock, clock: Clock) -> None:
        super().__init__({}, clock)
        self.real = real
        self.models = real.models

    def waits(self, model: str) -> Waiting:
        """A model has its latency, measured or told."""
        return Waiting.YES

    def invoke_model(self, prompt: Prompt) -> Completion:
        """The model's answer."""
        if prompt.model not in self.hosts and self.knows(prompt.model):
            before = self.real.hosts.get(prompt.model)
            self._host(prompt.model, virtual("Bedrock", Hosting() if before is None else before.hosting))
        return super().invoke_model(prompt)


def made(models: Mapping[str, object], named: Callable[[str], Callable[..., object]], clock: Clock) -> EmbeddedBedrock:
    """Bedrock with users' models: functions, Models, or TOML tables with `callable` or `like`."""
    return EmbeddedBedrock({name: model_of(value, named) for name, value in models.items()}, clock)


def model_of(value: object, named: Callable[[str], Callable[..., object]]) -> Model:
    """A Model from what a user may give."""
    if isinstance(value, Model):
        return value
    if isinstance(value, str):
        return Model(named(value))
    if isinstance(value, Mapping):
        options = dict(value)
        function = options.pop("callable", None)
        return Model(None if function is None else named(str(function)), **options)
    if callable(value):
        return Model(value)
    raise TypeError(f"a model is a function, an auroraml.endpoints.Model or a table, not {type(value).__name__}")


def family(model: str) -> Callable[[str, object], Answered] | None:
    """The embedded models that stand in for an id, an ARN or an inference profile."""
    bare = _PREFIX.sub("", model, count=1)
    return next((found for start, found in FAMILIES.items() if bare.startswith(start)), None)


def embedded(model: str, prompt: Prompt) -> Completion:
    """What an embedded model answers."""
    found = family(model)
    if found is None:
        raise invalid("The provided model identifier is invalid.")
    for given in (prompt.content_type, prompt.accept):
        if given.partition(";")[0].strip() not in JSON_TYPES:
            raise invalid(f"The media type {given} is not supported by the model.")  # our words: Bedrock's are not published
    answered = found(_PREFIX.sub("", model, count=1), parsed(prompt.body))
    return CountedCompletion(body=json.dumps(answered.body).encode(), input_tokens=answered.read, output_tokens=answered.written)


def parsed(body: str) -> object:
    """The request's JSON, in which strings may hold line breaks as they are, as in AWS's own example."""
    try:
        return json.loads(body, strict=False)
    except ValueError as error:
        raise malformed() from error


def counted(prompt: Prompt, body: bytes) -> Completion:
    """A function's answer with the tokens it speaks of, or else as many as the texts have words and marks."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    read = _named(found, ("usage", "input_tokens"), ("inputTextTokenCount",), ("prompt_token_count",))
    written = _named(found, ("usage", "output_tokens"), ("generation_token_count",))
    if read is None:
        read = tokens(prompt.body)
    if written is None:
        written = 0 if isinstance(found, dict) and ("embedding" in found or "embeddings" in found) else tokens(body.decode("utf-8", "replace"))
    return CountedCompletion(body=body, input_tokens=read, output_tokens=written)


def _named(value: object, *paths: Sequence[str]) -> int | None:
    for path in paths:
        inner = value
        for key in path:
            inner = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(inner, int):
            return inner
    return None
