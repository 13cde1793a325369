"""Run inside a lab's network: `answers.py SECONDS ADDRESS…` ends when sshd greets on all addresses.

Prints the addresses that stay silent and exits with 1 when the seconds are over. A script, not a module:
it starts faster.
"""

from __future__ import annotations

import socket
import sys
import time


def greets(address: str) -> bool:
    """Whether an SSH server answers on port 22 of `address` within a second."""
    try:
        with socket.create_connection((address, 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def main(seconds: float, waiting: list[str]) -> int:
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        waiting = [address for address in waiting if not greets(address)]
        time.sleep(0.1)
    print(" ".join(waiting))
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
