"""Faults: which attempts of a hosted service's calls go wrong and how, drawn from a seed and the request's content, whatever the order of calls."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import field, fields

from auroraml.records import dataclass
from auroraml.services.protocols import ClientFailure, ModelFailure, ServiceFailure, unreachable

TIMED_OUT = ("Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each container in Amazon "
             "CloudWatch, resolve the issue, and try again.")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Faults:
    """The chance of each fault, 0 to 1, tried in this order; the first that strikes is the attempt's.

    duplicate: the request is delivered twice and answered once. reorder: the answer comes late, after those of later requests; Comprehend's list is out
    of order. truncate: the body breaks off. malformed: it cannot be read. wrong_rows: it has more or fewer rows. partial: one document is in ErrorList.
    """

    seed: int = 0
    blocked: float = 0.0
    throttle: float = 0.0
    unavailable: float = 0.0
    internal: float = 0.0
    not_ready: float = 0.0
    model_error: float = 0.0
    timeout: float = 0.0
    truncate: float = 0.0
    malformed: float = 0.0
    wrong_rows: float = 0.0
    partial: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0

    def __post_init__(self) -> None:
        for name, chance in self.chances():
            if not isinstance(chance, int | float) or not 0 <= chance <= 1:
                raise ValueError(f"{name} is a chance from 0 to 1, not {chance!r}")

    @classmethod
    def of(cls, value: Faults | Mapping[str, object]) -> Faults:
        """The faults a user names, as TOML or JSON have them; ValueError for a name that means nothing."""
        if isinstance(value, Faults):
            return value
        names = [f.name for f in fields(cls)]
        strange = sorted(value.keys() - set(names))
        if strange:
            raise ValueError(f"fault {strange[0]!r} is not one of {', '.join(names)}")
        if not isinstance(value.get("seed", 0), int):
            raise ValueError(f"seed is a whole number, not {value['seed']!r}")  # noqa: TRY004 - as all that is wrong in a configuration
        return cls(**value)  # type: ignore[arg-type] # checked above and in __post_init__

    def chances(self) -> list[tuple[str, float]]:
        """Each fault with its chance."""
        return [(f.name, getattr(self, f.name)) for f in fields(self) if f.name != "seed"]

    @property
    def active(self) -> tuple[tuple[str, float], ...]:
        """Those that may strike."""
        return tuple((name, chance) for name, chance in self.chances() if chance)

    def refuse_other_than(self, known: Mapping[str, object], what: str) -> None:
        """ValueError for a fault that a service cannot have."""
        for name, _ in self.active:
            if name not in known:
                raise ValueError(f"{what} cannot have the fault {name!r}: it is not one of {', '.join(known)}")


@dataclass
class Draws:
    """The draws of one service: the nth attempt of a request always meets the same fate."""

    faults: Faults
    seen: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self, content: bytes) -> str | None:
        """The fault of this attempt."""
        key = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
        with self.lock:
            nth = self.seen[key] = self.seen.get(key, 0) + 1
        draw = random.Random(f"{self.faults.seed}/{key}/{nth}")
        return next((name for name, chance in self.faults.active if draw.random() < chance), None)


Failing = Callable[[], ServiceFailure]
DAMAGED = ("truncate", "malformed", "wrong_rows", "partial", "duplicate", "reorder")  # there is an answer, and something is the matter with it
_SLOW_DOWN: Mapping[str, Failing] = {
    "blocked": unreachable,
    "throttle": lambda: ServiceFailure("ThrottlingException", "Rate exceeded"),
}
SAGEMAKER: Mapping[str, Failing] = {
    **_SLOW_DOWN,
    "unavailable": lambda: ServiceFailure("ServiceUnavailable", "The service is currently unavailable."),
    "internal": lambda: ServiceFailure("InternalFailure", "An internal failure occurred."),
    "not_ready": lambda: ServiceFailure("ModelNotReadyException", "The model is not ready for inference requests.", transient=False),
    "model_error": lambda: ModelFailure(500, "injected model error"),
    "timeout": lambda: ModelFailure(0, TIMED_OUT),
}
COMPREHEND: Mapping[str, Failing] = {
    **_SLOW_DOWN,
    "unavailable": lambda: ServiceFailure("ServiceUnavailableException", "The service is currently unavailable."),
    "internal": lambda: ServiceFailure("InternalServerException", "An internal server error occurred. Retry your request."),
    "timeout": lambda: ClientFailure("ReadTimeoutError", 'Read timeout on endpoint URL: "https://comprehend.amazonaws.com/"', transient=True),
}
BEDROCK: Mapping[str, Failing] = {
    **_SLOW_DOWN,
    "unavailable": lambda: ServiceFailure("ServiceUnavailableException", "The service is currently unavailable."),
    "internal": lambda: ServiceFailure(
        "InternalServerException", "The system encountered an unexpected error during processing. Try your request again."
    ),
    "not_ready": lambda: ServiceFailure("ModelNotReadyException", "The model is not ready for inference requests.", transient=True),
    "model_error": lambda: ServiceFailure("ModelErrorException", "The model returned the following errors: injected model error", transient=False),
    "timeout": lambda: ServiceFailure(
        "ModelTimeoutException", "Model has timed out in processing the request. Try your request again.", transient=False
    ),
}
KNOWN: Mapping[str, Mapping[str, object]] = {  # the faults each service can have
    "SageMaker": dict.fromkeys((*SAGEMAKER, "truncate", "malformed", "wrong_rows", "duplicate", "reorder")),
    "Comprehend": dict.fromkeys((*COMPREHEND, "truncate", "malformed", "wrong_rows", "partial", "duplicate", "reorder")),
    "Bedrock": dict.fromkeys((*BEDROCK, "truncate", "malformed", "duplicate", "reorder")),
}
FAILING: Mapping[str, Mapping[str, Failing]] = {"SageMaker": SAGEMAKER, "Comprehend": COMPREHEND, "Bedrock": BEDROCK}


def broken_off(size: int) -> ClientFailure:
    """A body of `size` bytes that ended early, in botocore's words."""
    return ClientFailure("IncompleteReadError", f"{size // 2} read, but total bytes expected is {size}.", transient=False)
