"""Endpoints: what may stand behind an endpoint's name or a model's id: Python callables, trained models, containers over HTTP; and where they run."""

from __future__ import annotations

from auroraml.services.embedded.bedrock import Model
from auroraml.services.embedded.containers import HttpContainer
from auroraml.services.embedded.endpoint import Callable, Endpoint
from auroraml.services.embedded.faults import Faults
from auroraml.services.embedded.forest import RandomCutForest
from auroraml.services.embedded.hosting import Latency
from auroraml.services.embedded.linear import LinearLearner
from auroraml.services.embedded.models import ScikitLearn, XGBoost
from auroraml.services.protocols import ServiceFailure as Failure

__all__ = [
    "Callable",
    "Endpoint",
    "Failure",
    "Faults",
    "HttpContainer",
    "Latency",
    "LinearLearner",
    "Model",
    "RandomCutForest",
    "ScikitLearn",
    "XGBoost",
]
