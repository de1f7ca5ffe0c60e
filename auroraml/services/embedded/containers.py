"""HttpContainer: a model container as SageMaker runs them: GET /ping, POST /invocations with text/csv, 60 seconds."""

from __future__ import annotations

import urllib3

from auroraml.services.embedded.endpoint import Endpoint
from auroraml.services.protocols import Response, ServiceFailure
from auroraml.services.request import Request

MAX_ANSWER_BYTES = 6_291_456


class HttpContainer(Endpoint):
    """A container at `url` (http://127.0.0.1:8080); connections are kept and shared by threads."""

    content = "csv"

    def __init__(self, url: str, *, timeout: float = 60.0, connections: int = 8) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.pool = urllib3.PoolManager(maxsize=connections, retries=False, timeout=urllib3.Timeout(connect=2.0, read=timeout))
        self.alive = False

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
            kind = "client" if answer.status < 500 else "server"
            message = answer.data[:1000].decode("utf-8", "replace")
            raise ServiceFailure("ModelError", f'Received {kind} error ({answer.status}) from primary with message "{message}"', transient=False)
        if len(answer.data) > MAX_ANSWER_BYTES:
            raise ServiceFailure("ModelError", f"Received an answer of {len(answer.data)} bytes, more than {MAX_ANSWER_BYTES}", transient=False)
        return Response(body=answer.data)

    def _ask(self, method: str, path: str, body: bytes | None) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "text/csv", "Accept": "text/csv"} if body is not None else {}
        try:
            return self.pool.request(method, self.url + path, body=body, headers=headers)
        except urllib3.exceptions.TimeoutError as error:
            message = f"Your invocation timed out while waiting for a response from container primary ({self.timeout:g} seconds)"
            raise ServiceFailure("ModelError", message, transient=False) from error
        except urllib3.exceptions.HTTPError as error:
            self.alive = False
            raise ServiceFailure("ServiceUnavailable", f'Could not connect to the endpoint URL: "{self.url}{path}"', transient=True) from error
