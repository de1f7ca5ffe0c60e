"""SessionPart: what the parts that make up Session take for granted of it."""

from __future__ import annotations

from typing import Any

from auroraml.catalog.catalog import Catalog
from auroraml.ir.objects import Role
from auroraml.session.transaction import Transaction


class SessionPart:
    """The attributes of Session that its parts use."""

    hub: Any
    settings: Any

    @property
    def catalog(self) -> Catalog:
        """The catalog as the running statement sees it."""
        raise NotImplementedError

    @property
    def role(self) -> Role:
        """The current role."""
        raise NotImplementedError

    @property
    def transaction(self) -> Transaction:
        """The running transaction."""
        raise NotImplementedError
