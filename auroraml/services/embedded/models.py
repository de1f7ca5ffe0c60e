"""Endpoints over libraries that are loaded only when one is made: XGBoost, any scikit-learn estimator."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np

from auroraml.services.embedded.endpoint import Endpoint, called
from auroraml.services.embedded.hosting import HostingOptions
from auroraml.services.embedded.training import Matrix, Source, matrix, read, split
from auroraml.services.protocols import ModelFailure, Response, Waiting
from auroraml.services.request import Request
from auroraml.services.response import one_a_row


def needed(module: str) -> Any:  # a library's module
    """The library, or an ImportError that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"this endpoint needs {module}: pip install 'auroraml[ml]'") from error


class XGBoost(Endpoint):
    """Gradient-boosted trees trained on a table (label first unless named) or loaded from a saved model file; answers as SageMaker's container."""

    waits = Waiting.NO

    def __init__(
        self,
        data: Source | None = None,
        *,
        model: str | None = None,
        label: str | int = 0,
        rounds: int = 100,
        parameters: Mapping[str, object] | None = None,
        header: bool = True,
        **options: Unpack[HostingOptions],
    ) -> None:
        super().__init__(**options)
        self.library = needed("xgboost")
        settings = {"objective": "reg:squarederror", "nthread": 2, "seed": 0, **(parameters or {})}
        if model is not None:
            self.booster = self.library.Booster(model_file=model)
        elif data is not None:
            features, labels = split(read(data, header), label)
            self.booster = self.library.train(settings, self.library.DMatrix(features, labels.astype(np.float64)), num_boost_round=rounds)
        else:
            raise ValueError("XGBoost needs data to train on or a saved model")
        self.width = int(self.booster.num_features())
        self.booster.set_param({"nthread": 1})  # requests are small: waking a second thread takes longer than it helps

    def invoke(self, request: Request) -> Response:
        """Predictions in float32; a missing field is NaN, as in SageMaker's container."""
        features = matrix(request.table)
        if features.shape[1] != self.width:
            message = f"{features.shape[1]} features were sent, the model has {self.width}"
            raise ModelFailure(400, message)
        return Response(rows=one_a_row(self.booster.inplace_predict(features), request.n))


class ScikitLearn(Endpoint):
    """Any estimator with `predict`; `method` may be another one, such as predict_proba. With `data` it is fitted first."""

    def __init__(
        self,
        estimator: Any,
        data: Source | None = None,
        *,
        label: str | int = 0,
        method: str = "predict",
        header: bool = True,
        **options: Unpack[HostingOptions],
    ) -> None:  # an estimator of a library that is not ours
        super().__init__(**options)
        self.estimator = estimator
        self.method = getattr(estimator, method)
        if data is not None:
            features, labels = split(read(data, header), label)
            estimator.fit(features, np.array(labels.tolist()))
            self.method = getattr(estimator, method)

    def invoke(self, request: Request) -> Response:
        """The method's values; several outputs a row are joined by commas."""
        features: Matrix = matrix(request.table)
        return Response(rows=one_a_row(called(lambda _: self.method(features), request.table), request.n))
