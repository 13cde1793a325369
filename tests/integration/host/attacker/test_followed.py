# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of the service's user says is not followed by root: no file is opened, no secret sent."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import desired_files

from tests.integration.host.attacker.world import CANARY, FILES, GID, UID, World
from tests.probe import servers


class Attacker:
    """A broker and a token endpoint of the attacker's, and a configuration that leads to them.

    :ivar posts: what the token endpoint got.
    :ivar connections: how often anybody connected to the broker.
    """

    def __init__(self, world: World, stack: contextlib.ExitStack) -> None:
        self.posts: list[bytes] = []
        self.connections = 0
        endpoint = stack.enter_context(servers.server(self._token))
        broker = stack.enter_context(servers.server(self._broker))
        (world.root / "secret").write_text(CANARY)
        world.before = world.outside()
        self.properties = "".join(
            f"{name} = {value}\n"
            for name, value in {
                "bootstrap.servers": broker,
                "group.id": "onlinefs_rondb",
                "client.id": "onlinefs_h1",
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.jaas.config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
                "sasl.oauthbearer.token.endpoint.url": f"http://{endpoint}/",
                "sasl.oauthbearer.assertion.file": world.root / "secret",
                "sasl.oauthbearer.jwt.retriever.class": (
                    "org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever"
                ),
            }.items()
        )

    def _broker(self, connection: socket.socket) -> None:
        self.connections += 1
        servers.offering("OAUTHBEARER")(connection)

    def _token(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(1)
            while data := connection.recv(65536):
                self.posts.append(data)
                connection.sendall(b"HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\n{}")


@pytest.fixture
def attacker(world: World) -> t.Iterator[Attacker]:
    with contextlib.ExitStack() as stack:
        yield Attacker(world, stack)


def restarted_with(world: World, content: str, status: int) -> dict[str, t.Any]:
    """Options for a service that writes its own configuration as it starts."""
    new = world.data / "new"
    new.write_text(content)
    os.chown(new, UID, GID)
    script = world.folder.parent / "restart"
    script.write_text(f"#!/bin/sh\ncp -p {new} {world.etc / FILES[0]}\nexit {status}\n")
    script.chmod(0o700)
    commands = {"restart": str(script)}
    return {"service_commands": commands, "verify_consumer_group": True, "health_check": "always"}


def plant(world: World, content: str) -> None:
    path: pathlib.Path = world.etc / FILES[0]
    world.plant(lambda: path.write_text(content))


@pytest.mark.parametrize("status", [0, 1], ids=["not_in_its_group", "not_restarted"])
@pytest.mark.parametrize("when", ["before", "at_the_restart"])
def test_what_the_live_file_says_is_not_followed(world: World, attacker: Attacker, when: str, status: int) -> None:
    """It is there before the change, so it is what a rollback brings back; or the service writes it as it starts."""
    if when == "before":
        plant(world, attacker.properties)
    given = {"bootstrap.servers": "127.0.0.1:1"}
    ran = world.run(properties=given, **restarted_with(world, attacker.properties, status))
    world.unharmed(ran)
    assert ran.failed and ran.result["rolled_back"], ran.output
    ran = world.run(state="reverted", **restarted_with(world, attacker.properties, status))
    world.unharmed(ran)
    assert (attacker.posts, attacker.connections) == ([], 0)


def test_root_would_connect_to_the_attacker_if_it_were_followed(
    world: World, attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the test above would prove nothing."""
    monkeypatch.setattr(
        desired_files, "written", lambda known: {(n, sha) for each in known for n, sha in each.hashes.items()}
    )
    plant(world, attacker.properties)
    world.run(properties={"bootstrap.servers": "127.0.0.1:1"}, **restarted_with(world, attacker.properties, 0))
    assert attacker.connections > 0
