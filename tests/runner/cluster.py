"""A throw-away PostgreSQL 15 cluster on loopback, run by an unprivileged user and ended by process id."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SETTINGS = {
    "listen_addresses": "127.0.0.1", "timezone": "UTC", "log_timezone": "UTC", "jit": "off", "fsync": "off", "autovacuum": "off",
    "max_prepared_transactions": "0", "shared_buffers": "128MB",
}  # fmt: skip


def binaries() -> Path | None:
    """The folder that holds PostgreSQL 15's initdb and postgres, or None."""
    found = shutil.which("initdb")
    for folder in [Path("/usr/lib/postgresql/15/bin"), *([Path(found).resolve().parent] if found else [])]:
        if (folder / "postgres").exists():
            version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
            if " 15." in version:
                return folder
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _user() -> tuple[list[str], int | None]:
    """How to run a command unprivileged, and the user id that must own the data."""
    if os.geteuid() != 0:
        return [], None
    name = next(name for name in ("postgres", "nobody") if any(entry.pw_name == name for entry in pwd.getpwall()))
    return ["setpriv", f"--reuid={name}", "--regid=" + str(pwd.getpwnam(name).pw_gid), "--clear-groups"], pwd.getpwnam(name).pw_uid


@contextlib.contextmanager
def cluster(settings: dict[str, str] | None = None) -> Iterator[str]:
    """A running server; yields a libpq connection string (without dbname). FileNotFoundError when PostgreSQL 15 is absent."""
    with _folder() as root:
        _run("initdb", "-D", str(root / "data"), "--locale=C", "--encoding=UTF8", "-A", "trust", "-U", "postgres", "--no-sync", at=root)
        with _server(root, settings or {}) as conninfo:
            yield conninfo


@contextlib.contextmanager
def standby(conninfo: str) -> Iterator[str]:
    """A running hot standby of the server at `conninfo`, which it follows; yields its connection string."""
    with _folder() as root:
        _run("pg_basebackup", "-d", conninfo, "-D", str(root / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync", at=root)
        with _server(root, {}) as own:
            yield own


def _program(name: str) -> str:
    folder = binaries()
    if folder is None:
        raise FileNotFoundError("PostgreSQL 15's server programs were not found")
    return str(folder / name)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    _, uid = _user()
    root = Path(tempfile.mkdtemp(prefix="auroraml-oracle-"))
    if uid is not None:
        os.chown(root, uid, -1)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(program: str, *arguments: str, at: Path) -> None:
    subprocess.run([*_user()[0], _program(program), *arguments], check=True, capture_output=True, cwd=at)


@contextlib.contextmanager
def _server(root: Path, settings: dict[str, str]) -> Iterator[str]:
    """The server over the data in `root`, until the block ends."""
    port = _free_port()
    options = [f"-c{key}={value}" for key, value in ({**SETTINGS, "port": str(port), "unix_socket_directories": str(root)} | settings).items()]
    with (root / "log").open("wb") as log:
        server = subprocess.Popen([*_user()[0], _program("postgres"), "-D", str(root / "data"), *options], stdout=log, stderr=log, cwd=root)
    try:
        _await(port, server)
        yield f"host=127.0.0.1 port={port} user=postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError("the PostgreSQL server ended while starting")
        ready = subprocess.run([_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)], check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    raise TimeoutError("the PostgreSQL server did not start within 30 s")
