"""The command line: `python -m tests.emulator`."""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import typing as t

from tests.emulator.application import Application
from tests.emulator.certificates import tls_files
from tests.emulator.control import faults_of_file
from tests.emulator.faults import Faults
from tests.emulator.server import Server
from tests.emulator.state import State

TIED_SECONDS = 0.5
DEFAULT_KEY = "emulator.0123456789abcdef"


def arguments(argv: t.Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description="The Hopsworks REST API, emulated.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument("--projects", type=int, default=3, metavar="N", help="projects project_1 to project_N (3)")
    parser.add_argument(
        "--tls-dir",
        type=pathlib.Path,
        metavar="DIR",
        help="speak TLS only, with ca.pem, cert.pem and key.pem of this directory; they are made where there are none",
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, metavar="N", help="what every request takes at least (0)"
    )
    parser.add_argument("--faults", type=pathlib.Path, metavar="FILE", help="rules of faults, see README.md")
    parser.add_argument("--state", type=pathlib.Path, metavar="FILE", help="keep the state in this file over restarts")
    parser.add_argument("--api-key", default=DEFAULT_KEY, metavar="KEY", help=f"the first key ({DEFAULT_KEY})")
    parser.add_argument("--tied", action="store_true", help="end when the process that started this one has ended")
    options = parser.parse_args(argv)
    if "." not in options.api_key:
        parser.error("--api-key: a key has the form prefix.secret")
    return options


def main(argv: t.Sequence[str] | None = None) -> int:
    options = arguments(argv)
    faults = Faults(faults_of_file(options.faults.read_text()) if options.faults else [])
    state = State(options.projects, options.api_key, options.state)
    application = Application(state, faults, options.latency_ms / 1000)
    if options.tls_dir:
        context = tls_files(options.tls_dir).context()
    else:
        with tempfile.TemporaryDirectory() as directory:
            context = tls_files(pathlib.Path(directory)).context()
    server = Server(application.handle, options.port, context, plain=options.tls_dir is None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.stop())
    scheme = "https" if options.tls_dir else "http"
    if options.tied:
        threading.Thread(target=_stop_with, args=(os.getppid(), server), daemon=True).start()
    print(f"ready {scheme}://127.0.0.1:{server.port}", flush=True)
    server.serve()
    # A change under way ends before the process does: its answer may be lost, its record is not.
    with state.lock:
        return 0


def _stop_with(parent: int, server: Server) -> None:
    """Stops the server once `parent` is no longer the parent of this process: then it has ended."""
    while os.getppid() == parent:
        time.sleep(TIED_SECONDS)
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
