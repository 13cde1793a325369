# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node is told: its listeners, users, rights and server.properties. Pure: nothing here starts or writes."""

from __future__ import annotations

import dataclasses
import typing as t

from . import tokens
from .jars import SCRAM_SINCE, release

SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
#: So many users, the first, also have SCRAM credentials: each costs the broker thousands of hashes at its start.
SCRAM_USERS = 40
ADMIN_PASSWORD = "admin-Secret-1"
TOPICS = ("orders", "payments")
GROUP = "onlinefs"
# A name that no resolver may know (RFC 6761).
UNRESOLVED = "kafka-1.internal.invalid"


@dataclasses.dataclass(frozen=True)
class Listener:
    """One named listener of every node.

    :param advertised: what it tells clients instead of its own address: "unresolved" or "refused"; empty for the truth.
    """

    name: str
    protocol: str
    certificate: str = "server"
    client_auth: str = "none"
    mechanisms: tuple[str, ...] = ()
    advertised: str = ""


ALL = ("PLAIN", *SCRAM, "OAUTHBEARER")
LISTENERS: tuple[Listener, ...] = (
    Listener("plaintext", "PLAINTEXT"),
    Listener("ssl", "SSL"),
    Listener("mtls", "SSL", client_auth="required"),
    Listener("sasl_plaintext", "SASL_PLAINTEXT", mechanisms=ALL),
    Listener("sasl_ssl", "SASL_SSL", mechanisms=ALL),
    Listener("sasl_plain_only", "SASL_PLAINTEXT", mechanisms=("PLAIN",)),
    Listener("ssl_expired", "SSL", certificate="server_expired"),
    Listener("ssl_not_yet_valid", "SSL", certificate="server_not_yet_valid"),
    Listener("ssl_wrong_host", "SSL", certificate="server_wrong_host"),
    Listener("ssl_other_ca", "SSL", certificate="server_other_ca"),
    Listener("ssl_weak", "SSL", certificate="server_weak"),
    Listener("ssl_expires_soon", "SSL", certificate="server_expires_soon"),
    Listener("advertised_unresolved", "PLAINTEXT", advertised="unresolved"),
    Listener("advertised_refused", "PLAINTEXT", advertised="refused"),
)


@dataclasses.dataclass(frozen=True)
class Right:
    """One ALLOW rule: `operation` on the `kind` (topic, group, cluster) called `name`."""

    kind: str
    name: str
    operation: str


@dataclasses.dataclass(frozen=True)
class User:
    """A principal: the same name and password for PLAIN, SCRAM and the token endpoint, and as a certificate's CN."""

    name: str
    password: str
    note: str
    rights: tuple[Right, ...] = ()


def _rights(topics: t.Sequence[str], operations: str, group: str | None = GROUP) -> tuple[Right, ...]:
    rights = [Right("topic", topic, operation) for topic in topics for operation in operations.split()]
    if group:
        rights.append(Right("group", group, "READ"))
    return tuple(rights)


def users(projects: int) -> list[User]:
    """alice with every right of a client, the users that lack one each, and one user per project.

    READ and WRITE include DESCRIBE in Kafka, so the user without DESCRIBE has no right on the topics at all.
    """
    made = [
        User("admin", ADMIN_PASSWORD, "super user"),
        User("alice", "alice-Secret-1", "every right", _rights(TOPICS, "READ WRITE DESCRIBE_CONFIGS")),
        User("no_describe", "no_describe-Secret-1", "no right on any topic", _rights((), "")),
        User("no_read", "no_read-Secret-1", "may not read topics", _rights(TOPICS, "WRITE DESCRIBE_CONFIGS")),
        User("no_write", "no_write-Secret-1", "may not write topics", _rights(TOPICS, "READ DESCRIBE_CONFIGS")),
        User("no_group", "no_group-Secret-1", "no right on the group", _rights(TOPICS, "READ WRITE", group=None)),
        User("no_configs", "no_configs-Secret-1", "may not read topic settings", _rights(TOPICS, "READ WRITE")),
    ]
    for number in range(1, projects + 1):
        rights = _rights([project_topic(number)], "READ WRITE", group=f"project_{number}")
        made.append(User(f"project_{number}", f"project_{number}-Secret-1", "a project's own principal", rights))
    return made


def project_topic(number: int) -> str:
    """The topic of a project, named as the pattern of the online feature store service expects."""
    return f"project_{number}_onlinefs"


def mechanisms(listener: Listener, version: str) -> list[str]:
    """The mechanisms of a listener; KRaft had no SCRAM before 3.5."""
    scram = release(version) >= SCRAM_SINCE
    return [name for name in listener.mechanisms if scram or name not in SCRAM]


@dataclasses.dataclass(frozen=True)
class Node:
    """Where one node listens and keeps its data. `ports` has one port per listener, and "controller"."""

    id: int
    ports: t.Mapping[str, int]
    data: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that server.properties of all nodes needs.

    :param bind: the address to listen on; `host`: the one that clients are told.
    :param oauth_package: Java package of the OAUTHBEARER handlers in this release.
    :param refused_port: a port on which nothing listens.
    """

    version: str
    host: str
    bind: str
    nodes: t.Sequence[Node]
    users: t.Sequence[User]
    certificates: t.Mapping[str, t.Mapping[str, t.Any]]
    jwks_url: str
    oauth_package: str
    refused_port: int


def _advertised(plan: Plan, listener: Listener, node: Node) -> str:
    port = node.ports[listener.name]
    if listener.advertised == "unresolved":
        return f"{UNRESOLVED}:{port}"
    if listener.advertised == "refused":
        return f"{plan.host}:{plan.refused_port}"
    return f"{plan.host}:{port}"


def server_properties(plan: Plan, node: Node) -> dict[str, str]:
    """server.properties of one node: broker and controller in one process."""
    replicas = str(min(3, len(plan.nodes)))
    bound = [f"{item.name.upper()}://{plan.bind}:{node.ports[item.name]}" for item in LISTENERS]
    made = {
        "process.roles": "broker,controller",
        "node.id": str(node.id),
        "controller.quorum.voters": ",".join(f"{one.id}@127.0.0.1:{one.ports['controller']}" for one in plan.nodes),
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*bound, f"CONTROLLER://127.0.0.1:{node.ports['controller']}"]),
        "advertised.listeners": ",".join(
            f"{item.name.upper()}://{_advertised(plan, item, node)}" for item in LISTENERS
        ),
        "listener.security.protocol.map": ",".join(
            [*(f"{item.name.upper()}:{item.protocol}" for item in LISTENERS), "CONTROLLER:PLAINTEXT"]
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": node.data,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Loopback without a login may do everything: that is how the tests administer.
        "super.users": "User:ANONYMOUS;User:admin",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "3",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "default.replication.factor": replicas,
        # So that a listener costs one thread, and a stopped broker is noticed within seconds.
        "num.network.threads": "1",
        "num.io.threads": "4",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "log.cleaner.dedupe.buffer.size": "2097152",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
    }
    for item in LISTENERS:
        made.update(_listener_properties(plan, item))
    return made


def _listener_properties(plan: Plan, listener: Listener) -> dict[str, str]:
    prefix = f"listener.name.{listener.name}"
    made: dict[str, str] = {}
    if "SSL" in listener.protocol:
        server, trusted = plan.certificates[listener.certificate], plan.certificates["ca"]
        made.update(
            {
                f"{prefix}.ssl.keystore.type": "PKCS12",
                f"{prefix}.ssl.keystore.location": str(server["p12"]),
                f"{prefix}.ssl.keystore.password": str(server["password"]),
                f"{prefix}.ssl.key.password": str(server["password"]),
                f"{prefix}.ssl.truststore.type": "PKCS12",
                f"{prefix}.ssl.truststore.location": str(trusted["p12"]),
                f"{prefix}.ssl.truststore.password": str(trusted["password"]),
                f"{prefix}.ssl.client.auth": listener.client_auth,
            }
        )
    offered = mechanisms(listener, plan.version)
    if offered:
        made[f"{prefix}.sasl.enabled.mechanisms"] = ",".join(offered)
    for mechanism in offered:
        made.update(_mechanism_properties(plan, f"{prefix}.{mechanism.lower()}", mechanism))
    return made


def _mechanism_properties(plan: Plan, prefix: str, mechanism: str) -> dict[str, str]:
    security = "org.apache.kafka.common.security"
    if mechanism == "PLAIN":
        known = " ".join(f'user_{user.name}="{user.password}"' for user in plan.users)
        return {f"{prefix}.sasl.jaas.config": f"{security}.plain.PlainLoginModule required {known};"}
    if mechanism in SCRAM:
        return {f"{prefix}.sasl.jaas.config": f"{security}.scram.ScramLoginModule required;"}
    return {
        f"{prefix}.sasl.jaas.config": f"{security}.oauthbearer.OAuthBearerLoginModule required;",
        f"{prefix}.sasl.server.callback.handler.class": f"{plan.oauth_package}.OAuthBearerValidatorCallbackHandler",
        f"{prefix}.sasl.oauthbearer.jwks.endpoint.url": plan.jwks_url,
        f"{prefix}.sasl.oauthbearer.expected.audience": tokens.AUDIENCE,
        f"{prefix}.sasl.oauthbearer.expected.issuer": tokens.ISSUER,
    }
