"""The model server of a node: the real replay engine, killed, blocked and wrong."""

import os
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from benchmarks.workload import make
from otcloud import process
from otcloud.errors import ServerNeverReady
from otcloud.node.gate import Gate
from otcloud.node.serving import HOST, Server
from otcloud.node.status import Status
from otcloud.plan.plan import ServeSpec
from otcloud.runs.journal import is_locked, locked, read_json, read_lines
from otcloud.runs.layout import RunDir
from tests.flow.command import wait_for

SPEC = ServeSpec(
    engine="replay",
    model="made/workload",
    served_name="workload",
    recording="recording.jsonl",
    ready_timeout_sec=120,
    max_restarts=1,
)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory with a recording."""
    make(tmp_path, 1, 0.0)
    return RunDir(tmp_path)


@pytest.fixture
def server(run: RunDir) -> Iterator[Server]:
    """A server that is ended with the test."""
    with locked(run.root / "node" / "lock") as held:
        assert held is not None
        made = server_of(run, SPEC, held)
    yield made
    made.stop()


def server_of(run: RunDir, spec: ServeSpec, lock: int) -> Server:
    """A server that has not been started."""
    status = Status(run)
    status.begin()
    return Server(spec, run, Gate(run), {name: os.environ[name] for name in ("PATH", "HOME")}, status, os.dup(lock))


def ready(server: Server) -> bool:
    """Look after the server once."""
    server.tick()
    return server.ready


def events(run: RunDir) -> list[str]:
    """What the node's journal says of the server."""
    return [line["event"] for line in read_lines(run.node_events) if line["event"].startswith("server")]


def last_pid(run: RunDir) -> int:
    """The pid of the server that was started last."""
    return [line["pid"] for line in read_lines(run.node_events) if line["event"] == "server-start"][-1]


def answer(server: Server, key: str) -> int:
    """The HTTP status of a request with this key."""
    connection = HTTPConnection(HOST, server.port, timeout=60)
    try:
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_gate_opens_when_a_completion_was_answered(run: RunDir, server: Server) -> None:
    run.gate.parent.mkdir(exist_ok=True)
    run.gate.touch()  # what a killed node left
    server.tick()
    server.start()
    assert not run.gate.exists()
    wait_for(lambda: ready(server), "the server answers")
    assert run.gate.exists()
    endpoint = read_json(run.endpoint) or {}
    assert (endpoint["model"], endpoint["url"]) == ("workload", server.endpoint[0])
    assert (answer(server, server.key), answer(server, "x")) == (200, 401)
    assert process.is_alive(last_pid(run))
    server.stop()
    assert not run.gate.exists()
    assert not run.endpoint.exists()
    assert not process.is_alive(last_pid(run))
    assert events(run) == ["server-start", "server-ready"]


def test_a_dead_server_is_started_again_on_the_same_port_with_the_same_key(run: RunDir, server: Server) -> None:
    server.start()
    wait_for(lambda: ready(server), "the server answers")
    os.kill(last_pid(run), signal.SIGKILL)
    wait_for(lambda: not ready(server), "its death is noticed")
    assert not run.gate.exists()
    wait_for(lambda: ready(server), "it answers again")
    assert answer(server, server.key) == 200
    os.kill(last_pid(run), signal.SIGKILL)
    with pytest.raises(ServerNeverReady, match="ended 2 times, the last time with code -9") as raised:
        wait_for(lambda: ready(server) and None, "it gives up")
    assert "recorded answers" in raised.value.why
    assert not run.gate.exists()


def test_a_server_that_cannot_start_says_why(run: RunDir, server: Server) -> None:
    (run.root / "recording.jsonl").write_text("nonsense\n")
    server.start()
    with pytest.raises(ServerNeverReady) as raised:
        wait_for(lambda: ready(server), "it gives up")
    assert "recording.jsonl" in raised.value.why
    assert events(run).count("server-start") == 2


def test_a_server_that_does_not_answer_in_time_ends_the_wait(run: RunDir) -> None:
    with locked(run.root / "node" / "lock") as held:
        assert held is not None
        server = server_of(run, SPEC.model_copy(update={"ready_timeout_sec": 0.0}), held)
    try:
        with socket.create_server((HOST, server.port)):  # in the way: connections are taken and never answered
            server.start()
            with pytest.raises(ServerNeverReady, match=r"within 0 minutes|ended 2 times"):
                wait_for(lambda: ready(server), "it gives up")
        assert not run.gate.exists()
    finally:
        server.stop()


def test_the_key_is_in_no_file_and_no_command_line(run: RunDir, server: Server) -> None:
    server.start()
    wait_for(lambda: ready(server), "the server answers")
    key = server.key.encode()
    assert len(key) >= 32
    assert key not in Path(f"/proc/{last_pid(run)}/cmdline").read_bytes()
    assert key in Path(f"/proc/{last_pid(run)}/environ").read_bytes()
    server.stop()
    assert not [path for path in run.root.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_the_server_shares_the_nodes_lock(run: RunDir) -> None:
    with locked(run.root / "node" / "lock") as held:
        assert held is not None
        server = Server(SPEC, run, Gate(run), {"PATH": os.environ["PATH"]}, Status(run), held)
        server.start()
    try:
        assert is_locked(run.root / "node" / "lock")
    finally:
        server.stop()
    assert not is_locked(run.root / "node" / "lock")


def test_ports_lie_below_those_of_outgoing_connections_and_differ(run: RunDir) -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    servers = [Server(SPEC, run, Gate(run), {}, Status(run), 0) for _ in range(20)]
    assert all(1024 < server.port < max(lowest, 32768) for server in servers)
    assert len({server.port for server in servers}) > 1
    assert len({server.key for server in servers}) == 20
    assert servers[0].endpoint == (f"http://127.0.0.1:{servers[0].port}/v1", servers[0].key)
