# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of librdkafka: what it makes of answers and of errors, and what its consumers and producers may do."""

from __future__ import annotations

import concurrent.futures
import time
import types
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import librdkafka_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
    Broker,
    BrokerClient,
    LoginFault,
    Metadata,
    Partition,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.tokens import Token
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from confluent_kafka import KafkaError, KafkaException

Future = concurrent.futures.Future
SECRET = "canary-S3CRET"


def error(name: str, text: str | None = None) -> KafkaError:
    return KafkaError(getattr(KafkaError, name), text)


def done(value: object = None, failure: Exception | None = None) -> Future[t.Any]:
    future: Future[t.Any] = Future()
    if failure is None:
        future.set_result(value)
    else:
        future.set_exception(failure)
    return future


class Admin:
    """An admin client whose answers are prepared; ``told`` goes to the callback for errors at the first poll."""

    def __init__(self) -> None:
        self.config: dict[str, t.Any] = {}
        self.cluster: Future[t.Any] = Future()
        self.listed: t.Any = None
        self.told: list[KafkaError] = []
        self.answers: dict[str, Future[t.Any]] = {}
        self.asked: dict[str, t.Any] = {}

    def __call__(self, config: dict[str, t.Any]) -> Admin:
        self.config = config
        return self

    def poll(self, _seconds: float) -> None:
        for one in self.told:
            self.config["error_cb"](one)
        self.told = []

    def describe_cluster(self, request_timeout: float) -> Future[t.Any]:
        assert 0 < request_timeout <= 5
        return self.cluster

    def describe_things(self, what: t.Any, **asked: t.Any) -> dict[str, Future[t.Any]]:
        self.asked = {"what": what, **asked}
        return self.answers

    def list_topics(self, timeout: float) -> t.Any:
        assert timeout > 0
        if self.listed is None:
            raise KafkaException(error("_TIMED_OUT"))
        return self.listed


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Admin:
    made = Admin()
    for name in ("AdminClient", "Consumer", "Producer"):
        monkeypatch.setattr(librdkafka_client, name, made if name == "AdminClient" else dict)
    return made


def opened(admin: Admin, seconds: float = 0.3, token: Token | None = None, **config: t.Any) -> BrokerClient:
    client = BrokerClient({"bootstrap.servers": "b:9092", **config}, frozenset({SECRET}), Deadline(seconds), token)
    client.open()
    return client


def broker(**values: t.Any) -> types.SimpleNamespace:
    return types.SimpleNamespace(**values)


def test_metadata_of_a_cluster_that_answers(admin: Admin) -> None:
    nodes = [broker(id=1, host="a", port=9092), broker(id=2, host="b", port=9093)]
    admin.cluster = done(broker(nodes=nodes, cluster_id="c", controller=nodes[1]))
    found = opened(admin).metadata(sasl=True)
    assert found == Metadata({1: Broker("a", 9092), 2: Broker("b", 9093)}, "c", 2)
    assert found.has_controller
    admin.cluster = done(broker(nodes=nodes, cluster_id=None, controller=None))
    assert opened(admin).metadata(sasl=False) == Metadata({1: Broker("a", 9092), 2: Broker("b", 9093)})


def test_metadata_where_no_controller_answers(admin: Admin) -> None:
    admin.listed = broker(brokers={3: broker(host="c", port=1)}, cluster_id="c", controller_id=9, topics={})
    found = opened(admin, 5).metadata(sasl=True)
    assert (found.brokers, found.cluster_id, found.whole) == ({3: Broker("c", 1)}, "c", True)
    assert not found.has_controller


def test_brokers_that_are_known_by_name_alone(admin: Admin) -> None:
    admin.told = [error("_TRANSPORT", "sasl_ssl://[::1]:9093/7: Connect to ipv6#[::1]:9093 failed: Connection refused")]
    found = opened(admin, 5).metadata(sasl=False)
    assert found == Metadata({7: Broker("::1", 9093)}, whole=False)


@pytest.mark.parametrize(
    ("sasl", "stage", "reason"), [(True, "sasl", "login_timeout"), (False, "metadata", "metadata_timeout")]
)
def test_no_answer_at_all(admin: Admin, sasl: bool, stage: str, reason: str) -> None:
    admin.told = [error("_ALL_BROKERS_DOWN", f"1/1 brokers are down, {SECRET}")]
    with pytest.raises(LoginFault) as raised:
        opened(admin, 0.1).metadata(sasl=sasl)
    fault = raised.value
    assert (fault.stage, fault.reason) == (stage, reason)
    assert "brokers are down" in fault.detail and SECRET not in fault.detail


def test_a_refused_login_is_not_waited_for(admin: Admin) -> None:
    began = time.monotonic()
    admin.told = [error("_AUTHENTICATION", f"SASL authentication error: {SECRET}")]
    with pytest.raises(LoginFault) as raised:
        opened(admin, 5).metadata(sasl=True)
    assert (raised.value.stage, raised.value.reason) == ("sasl", "credentials_refused")
    assert "SASL authentication error" in raised.value.detail and SECRET not in raised.value.detail
    assert time.monotonic() - began < 4


def test_what_counts_as_a_refusal(admin: Admin) -> None:
    client = opened(admin)
    client.errors.append(error("_AUTHENTICATION", "handshake failed: Local: Broker transport failure"))
    assert client.refusal() == ""
    client.errors.append(error("_SSL", "certificate verify failed"))
    assert client.refusal(tls=False) == "" and client.refusal() == "certificate verify failed"
    assert client.last_error() == "certificate verify failed"


def test_topics_with_an_error_are_left_out(admin: Admin) -> None:
    part = broker(id=0, leader=2, replicas=[1, 2, 3], isrs=[1, 2])
    good, bad = broker(partitions={0: part}, error=None), broker(partitions={}, error=error("UNKNOWN_TOPIC_OR_PART"))
    admin.listed = broker(brokers={}, cluster_id="c", controller_id=1, topics={"good": good, "bad": bad})
    assert opened(admin).topics() == {"good": [Partition(0, 2, 3, 2)]}
    admin.listed = None
    assert opened(admin).topics() == {}


def test_answers_and_errors_of_many_things(admin: Admin) -> None:
    refused = KafkaException(error("TOPIC_AUTHORIZATION_FAILED"))
    admin.answers = {
        "a": done(1),
        "b": done(failure=refused),
        "c": Future(),
        "d": done(failure=UnicodeDecodeError("utf-8", b"", 0, 1, "x")),
    }
    found = opened(admin, 0.1).ask("describe_things", ["x"], ["a", "b", "c", "d"], more=1)
    assert admin.asked.pop("request_timeout") <= 0.1
    assert admin.asked == {"what": ["x"], "more": 1}
    assert (found["a"].value, found["a"].error) == (1, None)
    assert found["b"].code == KafkaError.TOPIC_AUTHORIZATION_FAILED and found["c"].timed_out
    assert found["d"].code == KafkaError._BAD_MSG and not found["d"].timed_out


def test_answers_are_not_waited_for_after_a_refusal_where_that_is_asked(admin: Admin) -> None:
    admin.answers = {"a": Future()}
    client = opened(admin, 5)
    client.stop_at_refusal = True
    admin.told = [error("_SSL", "certificate required")]
    began = time.monotonic()
    assert client.ask("describe_things", [], ["a"])["a"].timed_out
    assert time.monotonic() - began < 4


def test_a_consumer_commits_nothing_and_a_producer_sends_once(admin: Admin) -> None:
    declared = {"group.id": "theirs", "enable.auto.commit": True, "enable.idempotence": True, "retries": 9, "acks": "0"}
    client = opened(admin, **declared, **{"auto.offset.reset": "latest", "transactional.id": "t"})
    assert "transactional.id" not in admin.config, "the client in service would be shut out"
    consumer = client.consumer("ours")
    assert (consumer["group.id"], consumer["enable.auto.commit"], consumer["enable.auto.offset.store"]) == (
        "ours",
        False,
        False,
    )
    producer = client.producer(1.5)
    assert (producer["acks"], producer["retries"], producer["message.timeout.ms"]) == ("all", 0, 1500)
    assert "enable.idempotence" not in producer
    assert client.producer(0)["message.timeout.ms"] == 1


def test_a_token_is_handed_over_and_not_kept_in_the_configuration(admin: Admin) -> None:
    opened(admin, token=Token(SECRET, 123.0))
    assert admin.config["oauth_cb"]("") == (SECRET, 123.0)
    assert SECRET not in repr(admin.config)


@pytest.mark.parametrize(
    ("failure", "stage", "reason"),
    [
        (
            KafkaException(error("_INVALID_ARG", f"No such configuration property {SECRET}")),
            "config",
            "library_refused",
        ),
        (ValueError("GSSAPI is not built in"), "sasl", "gssapi_unsupported"),
        (TypeError("a number"), "config", "library_refused"),
    ],
)
def test_a_configuration_that_the_library_refuses(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, stage: str, reason: str
) -> None:
    def refuse(_config: object) -> t.NoReturn:
        raise failure

    monkeypatch.setattr(librdkafka_client, "AdminClient", refuse)
    with pytest.raises(LoginFault) as raised:
        BrokerClient({}, frozenset({SECRET}), Deadline(1)).open()
    assert (raised.value.stage, raised.value.reason) == (stage, reason)
    assert raised.value.detail and SECRET not in raised.value.detail


def test_texts_are_one_line_bounded_and_never_empty(admin: Admin) -> None:
    client = opened(admin)
    assert client.scrub(f"one\n two  {SECRET}") == "one two ********"
    assert len(client.scrub("x" * 100_000)) < 5000
    assert client.explain(error("_TIMED_OUT", "ConsumerGroupDescribe:")) == "ConsumerGroupDescribe: _TIMED_OUT"
