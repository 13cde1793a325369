# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a broker about a group, message by message. The broker is the sound one of the hostile tests."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import (
    cluster_client,
    group_membership,
    login,
    sasl,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import LATEST, ClusterFault
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_client import GroupClient
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.tokens import Token
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import Reader, WireError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, declare
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.hostile.kafka.broker import GROUP, MEMBER, Cluster, array, data, text
from tests.integration.hostile.kafka.cases import Case
from tests.integration.hostile.kafka.server import HostileServers

NEW_GROUPS = 69
JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";'


@pytest.fixture
def servers() -> t.Iterator[HostileServers]:
    made = HostileServers(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    yield made
    made.close()


def client(servers: HostileServers, odd: t.Callable[[Cluster], None] = lambda _: None, **more: str) -> KafkaDeclaration:
    port = servers.serve(Case("sound", odd=odd, sasl="sasl_mechanism" in more))
    properties = {"bootstrap.servers": f"127.0.0.1:{port}"}
    return declare({**properties, **{name.replace("_", "."): value for name, value in more.items()}})


def look(declared: KafkaDeclaration, client_id: str = MEMBER, **more: t.Any) -> group_membership.ConsumerGroup:
    return group_membership.look(declared, None, GROUP, client_id, 3, **more)


def test_a_member_with_its_partitions(servers: HostileServers) -> None:
    found = look(client(servers))
    assert (found.joined, found.stable, found.members, found.partitions) == (True, True, 1, 1)
    assert (found.cluster_id, found.lag) == ("a-cluster", None)
    [own] = found.own
    assert own["partitions"] == [{"topic": "orders", "partition": 0, "lag": None}] and own["member_id"] == "m"


def test_who_does_not_count(servers: HostileServers) -> None:
    declared = client(servers)
    other = look(declared, "onlinefs_h2_1")
    assert other.joined is False and MEMBER in other.reason
    old = look(declared, ignored={"m"})
    assert old.joined is False and old.partitions == 0 and "was there before the restart" in old.reason
    assert group_membership.member_ids(declared, None, GROUP, 3) == {"m"}


@pytest.mark.parametrize("state", [b"Dead", b"Empty"])
def test_a_group_that_does_not_exist_yet_is_empty(servers: HostileServers, state: bytes) -> None:
    def odd(cluster: Cluster) -> None:
        cluster.group_state, cluster.members = state, []

    found = look(client(servers, odd))
    assert (found.joined, found.reason, found.final) == (False, "nobody has joined the group", False)


@pytest.mark.parametrize(("error", "final"), [(14, False), (15, False), (16, False), (30, True), (99, False)])
def test_an_error_has_a_reason(servers: HostileServers, error: int, final: bool) -> None:
    def odd(cluster: Cluster) -> None:
        cluster.coordinator_errors = [error]

    declared = client(servers, odd)
    found = look(declared)
    assert found.joined is None and found.final is final and "coordinator" in found.reason
    assert look(declared).joined, "the next look is answered"


def _offset_fetch(cluster: Cluster) -> None:
    answer = cluster.answer

    def with_offsets(request: t.Any) -> bytes:
        if request.key == 9:
            part = struct.pack(">iq", 0, 5) + text(b"") + struct.pack(">h", 0)
            return array([text(b"orders") + array([part])]) + struct.pack(">h", 0)
        if request.key == 2:
            return array([text(b"orders") + array([struct.pack(">ihqq", 0, 0, -1, 12)])])
        return answer(request)

    cluster.answer = with_offsets  # type: ignore[method-assign]


def test_the_lag_where_kafka_has_the_offsets(servers: HostileServers) -> None:
    found = look(client(servers, _offset_fetch))
    assert found.lag == 7 and found.own[0]["lag"] == 7 and found.own[0]["partitions"][0]["lag"] == 7


def test_a_lag_that_is_not_known_is_never_a_number() -> None:
    parts = [{"topic": "a", "partition": number, "lag": None} for number in range(2)]
    own = {"partitions": parts}
    assert group_membership._with_lag(own, {("a", 0): 4})["lag"] is None
    assert group_membership._with_lag(own, {("a", 0): 4, ("a", 1): 0})["lag"] == 4
    assert group_membership._with_lag({"partitions": []}, {})["lag"] is None


def test_a_group_of_the_new_protocol(servers: HostileServers) -> None:
    """Its members are in another message, in the compact encoding."""

    def odd(cluster: Cluster) -> None:
        cluster.group_state, cluster.members = b"Dead", []
        cluster.offered[NEW_GROUPS] = (0, 1)
        answer = cluster.answer

        def compact(value: bytes) -> bytes:
            return bytes([len(value) + 1]) + value

        def new(request: t.Any) -> bytes:
            if request.key != NEW_GROUPS:
                return answer(request)
            part = b"\0" * 16 + compact(b"orders") + b"\x02" + struct.pack(">i", 3) + b"\0"
            assigned = b"\x02" + part + b"\0"
            member = compact(b"id-1") + b"\0\0" + struct.pack(">i", 5) + compact(MEMBER.encode()) + compact(b"/h")
            member += b"\x01\0" + assigned + assigned + b"\0"
            group = struct.pack(">h", 0) + b"\0" + compact(GROUP.encode()) + compact(b"Stable")
            group += struct.pack(">ii", 1, 1) + compact(b"uniform") + b"\x02" + member + struct.pack(">i", 0) + b"\0"
            return b"\0" + struct.pack(">i", 0) + b"\x02" + group + b"\0"

        cluster.answer = new  # type: ignore[method-assign]

    found = look(client(servers, odd))
    assert found.joined and found.stable and found.own[0]["member_id"] == "id-1"
    assert found.own[0]["partitions"] == [{"topic": "orders", "partition": 3, "lag": None}]


def test_a_login_that_is_refused_need_not_be_tried_again(servers: HostileServers) -> None:
    def odd(cluster: Cluster) -> None:
        cluster.refuses = b"no such user p"

    plain = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_jaas_config": JAAS}
    found = look(client(servers, odd, **plain))
    assert (found.joined, found.final) == (False, True) and "no such user" in found.reason
    assert look(client(servers, **plain)).joined


@pytest.mark.parametrize("noise", [b"\x7f" * 30, b"\xff" * 30, b"", b"\0\0\0\x01"])
def test_an_answer_that_is_not_kafkas_has_a_reason(servers: HostileServers, noise: bytes) -> None:
    def odd(cluster: Cluster) -> None:
        answer = cluster.answer
        cluster.answer = lambda request: noise if request.key == 15 else answer(request)  # type: ignore[method-assign]

    found = look(client(servers, odd))
    assert found.joined is None and found.reason


def test_a_coordinator_at_an_impossible_port(servers: HostileServers) -> None:
    def odd(cluster: Cluster) -> None:
        cluster.own_port = 70000

    found = look(client(servers, odd))
    assert found.joined is None and ":70000: " in found.reason


def test_no_connection(servers: HostileServers) -> None:
    began = time.monotonic()
    found = look(declare({"bootstrap.servers": "127.0.0.1:1,[::1]:1"}))
    assert found.joined is None and not found.final and found.reason.startswith("[::1]:1: ")
    assert time.monotonic() - began < 2


def test_the_next_bootstrap_server_is_tried(servers: HostileServers) -> None:
    good = client(servers).properties["bootstrap.servers"]
    assert look(declare({"bootstrap.servers": f"127.0.0.1:1,{good}"})).joined


def test_kerberos_is_not_supported_and_says_so(servers: HostileServers) -> None:
    jaas = 'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/k" principal="p@R";'
    given = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "GSSAPI", "sasl_jaas_config": jaas}
    found = look(client(servers, sasl_kerberos_service_name="kafka", **given))
    assert (found.joined, found.final) == (None, True) and "GSSAPI is not supported" in found.reason


# --- logins -----------------------------------------------------------------------------------------------------------


class Broker:
    """One end of a connection on which a broker answers SaslHandshake and SaslAuthenticate."""

    def __init__(self, *answers: t.Callable[[bytes], bytes]) -> None:
        self._answers = list(answers)
        self._out = b""
        self.got: list[bytes] = []

    def sendall(self, request: bytes) -> None:
        (key,) = struct.unpack(">h", request[4:6])
        if key == 17:
            body = struct.pack(">h", 0) + array([])
        else:
            self.got.append(request[request.index(b"hopsworks.kafka") + len("hopsworks.kafka") + 4 :])
            body = struct.pack(">h", 0) + text(None) + data(self._answers.pop(0)(self.got[-1]))
        self._out += struct.pack(">ii", len(body) + 4, key) + body

    def recv(self, size: int) -> bytes:
        taken, self._out = self._out[:size], self._out[size:]
        return taken


def scram(user: str = "user", password: str = "pencil") -> KafkaDeclaration:
    jaas = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'
    given = {"bootstrap.servers": "k:1", "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256"}
    return declare({**given, "sasl.jaas.config": jaas})


def test_the_example_of_rfc_7677(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://www.rfc-editor.org/rfc/rfc7677#section-3"""
    monkeypatch.setattr(sasl.secrets, "token_urlsafe", lambda _size: "rOprNGfwEbeRWgbNEkqO")
    first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    broker = Broker(lambda _got: first, lambda _got: final)
    sasl.log_in(broker, scram())
    assert broker.got[0] == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert broker.got[1].endswith(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"r=another,s=W22Z,i=4096",
        b"r={nonce}x,s=W22Z,i=0",
        b"r={nonce}x,s=W22Z,i=4095",
        b"r={nonce}x,s=W22Z,i=2147483647",
        b"r={nonce}x,s=W22Z,i=many",
        b"r={nonce}x,s=*,i=4096",
        b"s=W22Z,i=4096",
    ],
)
def test_a_broker_that_is_not_scram(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda *_: pytest.fail("work for a hostile broker"))

    def answer(got: bytes) -> bytes:
        return first.replace(b"{nonce}", got.rpartition(b"r=")[2])

    with pytest.raises(sasl.LoginRefused, match="not SCRAM"):
        sasl.log_in(Broker(answer), scram())


def test_a_broker_that_does_not_know_the_password_is_found_out() -> None:
    def answer(got: bytes) -> bytes:
        return b"r=" + got.rpartition(b"r=")[2] + b"x,s=W22Z,i=4096"

    with pytest.raises(sasl.LoginRefused, match="does not know the password"):
        sasl.log_in(Broker(answer, lambda _got: b"v=AAAA"), scram())


def test_a_name_is_escaped() -> None:
    broker = Broker(lambda _got: b"")
    with contextlib.suppress(sasl.LoginRefused):
        sasl.log_in(broker, scram("a=b,c"))
    assert broker.got[0].startswith(b"n,,n=a=3Db=2Cc,r=")


def test_a_token_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
    jaas = f'{module} required clientId="i" clientSecret="s" extension_pool="p1";'
    given = {
        "bootstrap.servers": "k:1",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.token.endpoint.url": "https://idp.example/token",
        "sasl.jaas.config": jaas,
    }
    declared = declare(given)
    broker = Broker(lambda _got: b"")
    sasl.log_in(broker, declared, "the-token")
    assert broker.got == [b"n,,\x01auth=Bearer the-token\x01pool=p1\x01\x01"]
    with pytest.raises(sasl.LoginRefused, match="refused the token"):
        sasl.log_in(Broker(lambda _got: b'{"status":"invalid_token"}'), declared, "the-token")
    monkeypatch.setattr(login, "get_token", lambda *_: Token("the-token", time.time() + 60))
    assert GroupClient(declared, None, Deadline(1))._get_token() == "the-token"
    monkeypatch.setattr(login, "get_token", lambda *_: None)
    with pytest.raises(ClusterFault, match="a source that this check cannot use"):
        GroupClient(declared, None, Deadline(1))._get_token()


# --- reading ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=60), st.lists(st.sampled_from(["int16", "count", "string", "data", "compact_count", "tags"])))
def test_any_bytes_are_read_or_refused(content: bytes, calls: list[str]) -> None:
    reader = Reader(content)
    for call in calls:
        try:
            value = getattr(reader, call)()
        except WireError:
            return
        assert call not in ("count", "compact_count") or 0 <= value <= len(content)


# --- hostile brokers --------------------------------------------------------------------------------------------------


def test_no_name_of_a_broker_reaches_a_terminal_as_a_command(servers: HostileServers) -> None:
    """Not even where the names of the members do not matter, as there is no client id."""

    def odd(cluster: Cluster) -> None:
        cluster.cluster_id = b"\x1b]0;owned\x07\xc2\x9b2J" + b"c" * 5000
        cluster.members = [b"\x1b[2J\xe2\x80\xae" + b"m" * 5000]
        topics = array([text(b"a\x1b[2J") + array([struct.pack(">i", 0)])])
        cluster.assignment = struct.pack(">h", 0) + topics + data(b"")

    found = look(client(servers, odd), "")
    shown = [found.cluster_id or "", found.own[0]["client_id"], found.own[0]["member_id"], found.reason]
    assert found.joined and all(name.isprintable() and len(name) < 1000 for name in shown)
    assert found.own[0]["partitions"] == [], "no topic of Kafka has such a name"
    other = look(client(servers, odd))
    assert other.joined is False and other.reason.isprintable() and len(other.reason) < 1000


def test_a_broker_cannot_use_a_secret_as_a_name(servers: HostileServers) -> None:
    password = "Zq7-swordfish-91"

    def odd(cluster: Cluster) -> None:
        cluster.cluster_id = password.encode()
        cluster.members = [f"client-{password}".encode()]
        topics = array([text(password.encode()) + array([struct.pack(">i", 0)])])
        cluster.assignment = struct.pack(">h", 0) + topics + data(b"")

    jaas = JAAS.replace('"p"', f'"{password}"')
    plain = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_jaas_config": jaas}
    found = look(client(servers, odd, **plain), "")
    assert found.joined and found.own[0]["partitions"] and found.cluster_id
    assert password not in str(found)
    other = look(client(servers, odd, **plain))
    assert other.joined is False and "client-" in other.reason and password not in str(other)


def test_a_broker_that_repeats_the_token_does_not_show_it(
    servers: HostileServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "0e5b2c9f7a61-opaque"

    def odd(cluster: Cluster) -> None:
        cluster.refuses = f"what is {token} to me".encode()

    monkeypatch.setattr(login, "get_token", lambda *_: Token(token, time.time() + 60))
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
    found = look(
        client(
            servers,
            odd,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="OAUTHBEARER",
            sasl_oauthbearer_token_endpoint_url="https://idp.example/token",
            sasl_jaas_config=f'{module} required clientId="i" clientSecret="s";',
        )
    )
    assert found.joined is False and "what is" in found.reason and token not in str(found)


def test_an_answer_with_a_million_items_costs_no_memory() -> None:
    items = 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            Reader(struct.pack(">i", items) + b"\0\0" * items).count()
        whole = Reader(struct.pack(">i", 3) + data(b"\0" * 200_000) * 3)
        with pytest.raises(WireError):
            for _part in range(3):
                whole.part()._items(100_000)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


def test_a_group_with_very_many_members_is_described_in_linear_time(servers: HostileServers) -> None:
    def odd(cluster: Cluster) -> None:
        cluster.members = [f"client-{number}".encode() for number in range(30_000)]
        cluster.assignment = b""

    began = time.process_time()
    # The time limit of the check is far away: what counts is the work, on a busy machine as well.
    found = group_membership.look(client(servers, odd), None, GROUP, "", 60)
    assert found.members == 30_000 and time.process_time() - began < 10


def test_the_connection_to_each_leader_is_closed(servers: HostileServers) -> None:
    """Else a broker that names thousands takes every file descriptor that a rollback needs."""
    declared = client(servers, _offset_fetch)
    port = int(declared.properties["bootstrap.servers"].rpartition(":")[2])
    with GroupClient(declared, None, Deadline(10)) as kafka:
        leaders = enumerate(("127.0.0.1", "127.1", "127.0.1"))
        kafka.offsets({("orders", number): (host, port) for number, host in leaders}, LATEST)
        assert not kafka._connections and not kafka._handles


def test_a_look_that_takes_too_long_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a broker keeps OpenSSL busy with handshake messages: the time limits of its socket do not end that."""
    monkeypatch.setattr(cluster_client, "_GRACE_SECONDS", 0.0)
    ended = threading.Event()

    def endless(connection: socket.socket, _host: str) -> socket.socket:
        connection.settimeout(30)
        connection.recv(1)
        ended.set()
        raise OSError

    with socket.create_server(("127.0.0.1", 0)) as listener:
        declared = declare({"bootstrap.servers": f"127.0.0.1:{listener.getsockname()[1]}"})
        found = group_membership.look(declared, endless, GROUP, MEMBER, 0.3)
        assert found.joined is None and ended.wait(5)
