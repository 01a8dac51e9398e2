"""`python -m otcloud.engines`: serve a recording over the OpenAI chat protocol until SIGTERM or SIGINT, exit code 0.

The only entry of the engines: it alone reads arguments and the environment (VLLM_API_KEY, as vLLM does) and ends the
process. It writes one line to stderr once it accepts connections, and dies with its parent.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from otcloud.engines.recording import load
from otcloud.engines.replay import Replay
from otcloud.engines.server import ReplayServer
from otcloud.errors import InputInvalid, OtcloudError
from otcloud.process import die_with_parent


def main() -> int:
    """Serve until told to stop. Returns the exit code: 0, or that of the error that kept it from serving."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    die_with_parent(signal.SIGTERM)
    try:
        server = _listen(arguments)
    except OtcloudError as error:
        sys.stderr.write(f"replay: {error}\n")
        return error.exit_code
    answers = len(server.replay.recording.answers)
    where = f"http://{arguments.host}:{server.server_port}/v1"
    sys.stderr.write(f"replay: {arguments.served_name}, {answers} recorded answers, on {where}\n")
    sys.stderr.flush()
    server.serve_forever()
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # At once: a server without state has nothing to finish, and its threads may sit in slow connections.
    os._exit(0)


def _listen(arguments: argparse.Namespace) -> ReplayServer:
    replay = Replay(load(arguments.recording), arguments.served_name)
    api_key = os.environ.get("VLLM_API_KEY") or None
    address = (arguments.host, arguments.port)
    try:
        return ReplayServer(address, replay, api_key=api_key, latency_sec=arguments.latency_ms / 1000)
    except (OSError, OverflowError) as error:
        raise InputInvalid(
            f"cannot listen on {arguments.host}:{arguments.port}",
            why=str(error),
            do="give a free port, or --port 0 for any",
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m otcloud.engines", description="Serve recorded answers.")
    parser.add_argument("--recording", type=Path, required=True, metavar="FILE", help="JSON Lines, otcloud-recording/1")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--served-name", required=True, metavar="NAME", help="the model name that requests must use")
    parser.add_argument("--latency-ms", type=_latency, default=0, help="wait before each answer")
    return parser


def _latency(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a whole number of milliseconds, from 0 up")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
