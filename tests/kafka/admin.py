# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topics, rights and the check that a started cluster is ready; through the PLAINTEXT listener, whose users may all."""

from __future__ import annotations

import time
import typing as t

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from . import settings
from .jars import HarnessError

_SECONDS = 60
_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.BROKER}


def client(description: t.Mapping[str, t.Any], listener: str = "plaintext", **more: t.Any) -> AdminClient:
    """An AdminClient on a listener; on `plaintext` it may do everything."""
    return AdminClient(_config(description, listener, **more))


def _config(description: t.Mapping[str, t.Any], listener: str, **more: t.Any) -> dict[str, t.Any]:
    given = description["listeners"][listener]
    made: dict[str, t.Any] = {
        "bootstrap.servers": given["bootstrap"],
        "security.protocol": given["security_protocol"],
        "log_level": 0,
    }
    if "SSL" in given["security_protocol"]:
        made["ssl.ca.location"] = description["certificates"]["ca"]["pem"]
    made.update({name.replace("_", "."): value for name, value in more.items()})
    return made


def prepare(description: dict[str, t.Any], people: t.Sequence[settings.User], replicas: int, projects: int) -> None:
    """Make the topics and the rights, and wait until the brokers know them."""
    admin = client(description)
    names = [*settings.TOPICS, *(settings.project_topic(number) for number in range(1, projects + 1))]
    # A topic with 3 partitions, and one with 1; two in-sync replicas are asked for where there are three.
    in_sync = {"min.insync.replicas": str(max(1, replicas - 1))}
    topics = [NewTopic(name, 3 if name == "orders" else 1, replicas, config=in_sync) for name in names]
    _all(admin.create_topics(topics, request_timeout=_SECONDS))
    rules = [
        AclBinding(
            _KINDS[right.kind],
            right.name,
            ResourcePatternType.LITERAL,
            f"User:{user.name}",
            "*",
            AclOperation[right.operation],
            AclPermissionType.ALLOW,
        )
        for user in people
        for right in user.rights
    ]
    _all(admin.create_acls(rules, request_timeout=_SECONDS))
    description["topics"] = names
    _wait_for(description, names)


def _all(futures: t.Mapping[t.Any, t.Any]) -> None:
    for what, future in futures.items():
        try:
            future.result(timeout=_SECONDS)
        except KafkaException as error:
            raise HarnessError(f"Kafka refused {what}: {error}") from error


def _wait_for(description: t.Mapping[str, t.Any], names: t.Sequence[str]) -> None:
    """Every broker knows every topic and its leaders, and alice may use what she was given.

    KRaft brokers replay the metadata on their own: one that lags still refuses what another allows.
    """
    end = time.monotonic() + _SECONDS
    alice = {
        "sasl.mechanism": "PLAIN",
        "sasl.username": "alice",
        "sasl.password": description["users"]["alice"]["password"],
    }
    for number, server in enumerate(description["listeners"]["sasl_plaintext"]["servers"]):
        secure = AdminClient({**_config(description, "sasl_plaintext"), **alice, "bootstrap.servers": server})
        plain_server = description["listeners"]["plaintext"]["servers"][number]
        plain = AdminClient({**_config(description, "plaintext"), "bootstrap.servers": plain_server})
        while not (_knows(plain, names) and _knows(secure, settings.TOPICS)):
            if time.monotonic() > end:
                raise HarnessError(f"The broker at {server} did not learn of its topics within {_SECONDS} s")
            time.sleep(0.1)
    _make_coordinator(description)


def _knows(admin: AdminClient, names: t.Sequence[str]) -> bool:
    try:
        known = admin.list_topics(timeout=5).topics
    except KafkaException:
        return False
    return all(
        name in known
        and known[name].error is None
        and known[name].partitions
        and all(part.leader >= 0 for part in known[name].partitions.values())
        for name in names
    )


def _make_coordinator(description: t.Mapping[str, t.Any]) -> None:
    """Have the offsets topic made now: the first consumer group would otherwise wait for it."""
    group = {"group.id": "harness", "enable.auto.commit": False}
    consumer = Consumer({**_config(description, "plaintext"), **group})
    end = time.monotonic() + _SECONDS
    try:
        consumer.subscribe(["orders"])
        while not consumer.assignment():
            consumer.poll(0.1)
            if time.monotonic() > end:
                raise HarnessError(f"No consumer group could be formed within {_SECONDS} s")
    finally:
        consumer.close()
    admin = client(description)  # held by a name: its futures end with it
    _all(admin.delete_consumer_groups(["harness"], request_timeout=_SECONDS))


def not_ready(description: t.Mapping[str, t.Any], nodes: int) -> str:
    """What the cluster still lacks, or nothing: all brokers registered, and on each a login by every mechanism.

    A broker whose SASL port is open may not have loaded its SCRAM users yet.
    """
    try:
        found = client(description).list_topics(timeout=2).brokers
    except KafkaException as error:
        return f"no metadata: {error}"
    if len(found) < nodes:
        return f"{len(found)} of {nodes} brokers have registered"
    listener = description["listeners"]["sasl_plaintext"]
    for server in listener["servers"]:
        for mechanism in listener["mechanisms"]:
            if mechanism == "OAUTHBEARER":
                continue
            reason = _login(description, server, mechanism)
            if reason:
                return f"{server} does not accept admin by {mechanism}: {reason}"
    return ""


def _login(description: t.Mapping[str, t.Any], server: str, mechanism: str) -> str:
    said: list[KafkaError] = []
    login = {"sasl.mechanism": mechanism, "sasl.username": "admin", "sasl.password": settings.ADMIN_PASSWORD}
    more: dict[str, t.Any] = {"bootstrap.servers": server, "error_cb": said.append}
    admin = AdminClient({**_config(description, "sasl_plaintext"), **login, **more})
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            admin.list_topics(timeout=0.3)
            return ""
        except KafkaException as error:
            admin.poll(0)
            if any(one.code() == KafkaError._AUTHENTICATION for one in said):
                return "refused"
            last = str(error)
    return last
