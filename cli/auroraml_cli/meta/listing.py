"""Commands that take one pattern and print one list."""

from __future__ import annotations

from collections.abc import Callable

from auroraml_cli.meta.patterns import BadPattern
from auroraml_cli.meta.registry import Call, Handler, Outcome

Lister = Callable[[Call, str | None], bool]


def listing(lister: Lister) -> Handler:
    """The handler that reads the pattern and reports one that is wrong."""

    def handler(call: Call) -> Outcome:
        pattern = call.next(semicolon=True)
        try:
            return Outcome.DONE if lister(call, pattern) else Outcome.ERROR
        except BadPattern as error:
            call.shell.error(str(error))
            return Outcome.ERROR

    handler.__doc__ = lister.__doc__
    return handler
