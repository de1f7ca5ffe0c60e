"""A local HTTP server that answers from a list, for containers and for boto3 with an endpoint_url."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server says to one request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0  # to wait first


@dataclass
class Seen:
    """The requests that came, and when."""

    url: str = ""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


Respond = Callable[[str, str, bytes], Answer]


@contextlib.contextmanager
def serving(respond: Respond) -> Iterator[Seen]:
    """A server that answers each request (method, path, body) with what `respond` says."""
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.requests.append((self.command, self.path, body))
            seen.times.append(time.perf_counter())
            found = respond(self.command, self.path, body)
            time.sleep(found.seconds)
            with contextlib.suppress(OSError):  # the caller may be gone
                self.send_response(found.status)
                for name, value in found.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(found.body)))
                self.end_headers()
                self.wfile.write(found.body)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def in_turn(*answers: Answer) -> Respond:
    """Each answer once, the last one for ever."""
    left = list(answers)
    return lambda method, path, body: left.pop(0) if len(left) > 1 else left[0]
