"""Simulation: the embedded services' faults and endpoints' status, changed while they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from auroraml.records import dataclass
from auroraml.services.clock import Clock
from auroraml.services.embedded.bedrock import EmbeddedBedrock
from auroraml.services.embedded.comprehend import EmbeddedComprehend
from auroraml.services.embedded.faults import Faults
from auroraml.services.embedded.hosting import STATUSES
from auroraml.services.embedded.sagemaker import EmbeddedSageMaker

COMPREHEND = "comprehend"


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What may be changed of the embedded services; ValueError for what cannot be."""

    comprehend: EmbeddedComprehend
    sagemaker: EmbeddedSageMaker
    bedrock: EmbeddedBedrock

    def anew(self, clock: Clock) -> dict[str, Any]:
        """The three services as they are at the start of a statement in virtual time: nothing queued, nothing drawn."""
        return {"comprehend": self.comprehend.anew(clock), "sagemaker": self.sagemaker.anew(clock), "bedrock": self.bedrock.anew(clock)}

    def set_faults(self, target: str, chances: Mapping[str, object]) -> None:
        """Give an endpoint, a model or "comprehend" these faults instead of those it has; its draws begin anew."""
        faults = Faults.of(chances)
        if target in self.sagemaker.endpoints:
            self.sagemaker.change(target, faults=faults)
        elif target in self.bedrock.models or (target != COMPREHEND and self.bedrock.knows(target)):
            self.bedrock.change(target, faults)
        elif target == COMPREHEND:
            self.comprehend.host_on(replace(self.comprehend.hosting, faults=faults))
        else:
            raise ValueError(f'there is no endpoint or model "{target}", and it is not "{COMPREHEND}"')

    def set_status(self, endpoint: str, status: str) -> None:
        """Give an endpoint another status: only InService and Updating answer."""
        if endpoint not in self.sagemaker.endpoints:
            raise ValueError(f'there is no endpoint "{endpoint}"')
        if status not in STATUSES:
            raise ValueError(f"status is one of {', '.join(STATUSES)}, not {status!r}")
        self.sagemaker.change(endpoint, status=status)
