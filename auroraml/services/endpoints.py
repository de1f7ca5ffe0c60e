"""Endpoints: what may stand behind an endpoint's name: Python callables, trained models, containers over HTTP."""

from __future__ import annotations

from auroraml.services.embedded.containers import HttpContainer
from auroraml.services.embedded.endpoint import Callable, Endpoint
from auroraml.services.embedded.forest import RandomCutForest
from auroraml.services.embedded.linear import LinearLearner
from auroraml.services.embedded.models import ScikitLearn, XGBoost
from auroraml.services.protocols import ServiceFailure as Failure

__all__ = ["Callable", "Endpoint", "Failure", "HttpContainer", "LinearLearner", "RandomCutForest", "ScikitLearn", "XGBoost"]
