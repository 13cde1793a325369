# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long connecting may take: an address that does not answer leaves time for the next one."""

from __future__ import annotations

import socket
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import transport
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import TransportError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import ServerSeen, Session, connection

ADDRESSES = [("192.0.2.1", 443), ("192.0.2.2", 443)]


class SilentNetwork:
    """Two addresses that never answer: connecting takes all the time that it is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.given: list[tuple[str, float]] = []
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in ADDRESSES]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: found)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        network = self

        def connect(sock: socket.socket, address: t.Any) -> None:
            seconds = sock.gettimeout()
            assert seconds is not None, "connecting has no bound"
            network.given.append((address[0], seconds))
            network.now += seconds
            raise TimeoutError("timed out")

        monkeypatch.setattr(transport._PlainSocket, "connect", connect, raising=False)
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)

    def call(self, timeout: float) -> TransportError:
        options = {"host": "h", "port": 443, "api_key": "a.b", "workers": 1, "validate_certs": False}
        session = Session(connection({**options, "timeout": timeout}), ServerSeen(), lambda _seconds: None)
        with pytest.raises(TransportError) as raised:
            session.call("GET", "/project")
        return raised.value


def test_a_dead_address_does_not_take_the_time_of_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network = SilentNetwork(monkeypatch)
    error = network.call(timeout=120)
    (first, long), (second, _again) = network.given[:2]
    assert (first, second) == ("192.0.2.1", "192.0.2.2")
    assert long <= 30, "one address alone takes a quarter of the time or more"
    assert error.reason == "timeout"


def test_connecting_takes_no_longer_than_the_whole_request(monkeypatch: pytest.MonkeyPatch) -> None:
    network = SilentNetwork(monkeypatch)
    network.call(timeout=3)
    assert max(seconds for _address, seconds in network.given) <= 3
