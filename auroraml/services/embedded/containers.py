"""HttpContainer: a model container as SageMaker runs them: GET /ping, POST /invocations with text/csv, 60 seconds."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Unpack

import urllib3

from auroraml.services.embedded.endpoint import Endpoint
from auroraml.services.embedded.hosting import HostingOptions, timed_out
from auroraml.services.protocols import ModelFailure, Response, ServiceFailure, Waiting
from auroraml.services.request import Request

BOTH_WAYS = 2  # socket.SHUT_RDWR


class Connection(urllib3.connection.HTTPConnection):
    """A connection that knows which thread uses it, so that another one can close it under a call that nobody waits for."""

    users: ClassVar[dict[int, Connection]] = {}  # thread -> the connection of its call

    def putrequest(self, *args: Any, **options: Any) -> None:  # urllib3's signature
        """Note the user, then send."""
        self.users[threading.get_ident()] = self
        super().putrequest(*args, **options)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = Connection


class HttpContainer(Endpoint):
    """A container at `url` (http://127.0.0.1:8080); connections are kept and shared by threads."""

    content = "csv"
    waits = Waiting.YES

    def __init__(self, url: str, *, timeout: float = 60.0, connections: int = 8, **options: Unpack[HostingOptions]) -> None:
        super().__init__(**options)
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.pool = urllib3.PoolManager(maxsize=connections, retries=False, timeout=urllib3.Timeout(connect=2.0, read=timeout))
        self.alive = False
        self.pool.pool_classes_by_scheme = {**self.pool.pool_classes_by_scheme, "http": _Pool}

    def abandon(self, thread: int) -> None:
        """Shut the socket that the call waits on."""
        connection = Connection.users.get(thread)
        if connection is not None and connection.sock is not None:
            connection.sock.shutdown(BOTH_WAYS)

    def ping(self) -> None:
        """Raise ServiceFailure unless the container says it is ready."""
        answer = self._ask("GET", "/ping", None)
        if answer.status != 200:
            raise ServiceFailure("ModelNotReadyException", f"the container answered {answer.status} to GET /ping", transient=True)
        self.alive = True

    def invoke(self, request: Request) -> Response:
        """Send the request's text/csv; 4xx and 5xx are ModelError, as SageMaker reports them."""
        if not self.alive:
            self.ping()
        answer = self._ask("POST", "/invocations", request.body)
        if answer.status != 200:
            raise ModelFailure(answer.status, answer.data[:1000].decode("utf-8", "replace"))
        return Response(body=answer.data)

    def _ask(self, method: str, path: str, body: bytes | None) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "text/csv", "Accept": "text/csv"} if body is not None else {}
        try:
            return self.pool.request(method, self.url + path, body=body, headers=headers)
        except urllib3.exceptions.NewConnectionError as error:  # which is a TimeoutError too
            raise self._unreachable(path) from error
        except urllib3.exceptions.TimeoutError as error:
            raise timed_out() from error
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(path) from error
        finally:
            Connection.users.pop(threading.get_ident(), None)

    def _unreachable(self, path: str) -> ServiceFailure:
        self.alive = False
        return ServiceFailure("ServiceUnavailable", f'Could not connect to the endpoint URL: "{self.url}{path}"', transient=True)
