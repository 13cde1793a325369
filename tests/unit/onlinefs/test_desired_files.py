# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is to have: which files, with which properties, where the stores lie, and what the plan says of it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import group_membership
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_membership import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import properties
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks, x509
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import onlinefs_versions, options
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.files import File
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import APPLIED, Generations

from tests.unit.kafka import pki
from tests.unit.onlinefs.support import SITE, Home

CONSUMER = {
    "auto.offset.reset": "earliest",
    "metadata.max.age.ms": "60000",
    "max.partition.fetch.bytes": "1048576",
    "max.poll.records": "1000",
    "enable.auto.commit": "false",
}


def read(home: Home, name: str) -> dict[str, str]:
    return properties.parse((home.etc / name).read_text("iso-8859-1"))


@pytest.mark.parametrize(
    ("version", "groups", "producer"),
    [
        ("3.3", {"onlinefs-kafka.properties": "0"}, False),
        ("3.4.1", {"onlinefs-kafka.properties": "0"}, False),
        ("3.6-SNAPSHOT", {"onlinefs-kafka.properties": "0"}, False),
        (
            "3.7",
            {"onlinefs-kafka.properties": "onlinefs_rondb", "onlinefs-kafka-vector-db.properties": "onlinefs_vectordb"},
            False,
        ),
        (
            "4.10",
            {"onlinefs-kafka.properties": "onlinefs_rondb", "onlinefs-kafka-vector-db.properties": "onlinefs_vectordb"},
            True,
        ),
    ],
)
def test_files_and_groups_of_a_version(home: Home, version: str, groups: dict[str, str], producer: bool) -> None:
    home.run(service_version=version)
    for name, group in groups.items():
        found = read(home, name)
        assert found["group.id"] == group
        assert {**found, **CONSUMER} == found
    assert (home.etc / "onlinefs-kafka-vector-db.properties").exists() == (len(groups) == 2)
    assert (home.etc / "producer.properties").exists() == producer
    if producer:
        found = read(home, "producer.properties")
        assert "group.id" not in found and "client.id" not in found and found["acks"] == "all"


@pytest.mark.parametrize("version", ["3.2", "2.5", "3", "x", "", "3.x"])
def test_versions_that_are_refused(home: Home, version: str) -> None:
    with pytest.raises(InputError, match="service_version"):
        home.run(service_version=version)


def test_the_user_wins_over_the_template_and_a_file_over_both(home: Home) -> None:
    home.run(
        properties={"bootstrap.servers": "k:1", "max.poll.records": 5, "linger.ms": 99, "metadata.max.age.ms": 1},
        consumer_properties={"max.poll.records": 7, "auto.offset.reset": None},
        vector_db_properties={"group.id": "mine"},
        producer_properties={"acks": "1", "batch.size": None},
    )
    consumer = read(home, "onlinefs-kafka.properties")
    assert consumer["max.poll.records"] == "7" and "auto.offset.reset" not in consumer
    assert "linger.ms" not in consumer, "a producer's setting only makes a consumer warn"
    vector = read(home, "onlinefs-kafka-vector-db.properties")
    assert vector["group.id"] == "mine" and vector["max.poll.records"] == "5"
    producer = read(home, "producer.properties")
    assert producer["acks"] == "1" and "batch.size" not in producer and producer["linger.ms"] == "99"
    assert producer["metadata.max.age.ms"] == "1"


def test_a_group_that_is_declared_for_all_is_the_consumers_alone(home: Home) -> None:
    home.run(properties={"bootstrap.servers": "k:1", "group.id": "mine"})
    assert read(home, "onlinefs-kafka.properties")["group.id"] == "mine"
    assert read(home, "onlinefs-kafka-vector-db.properties")["group.id"] == "onlinefs_vectordb"


def test_what_a_file_alone_is_given_must_work_too(home: Home) -> None:
    with pytest.raises(InputError, match=r"security\.protocol"):
        home.run(producer_properties={"security.protocol": "SSLX"})
    assert not home.state.exists()


def test_stores_lie_where_the_container_sees_them(home: Home, tmp_path: pathlib.Path) -> None:
    pem = pki.authority().pem
    key = pki.client().pem + pki.client().key_pem()
    home.run(
        properties={"bootstrap.servers": "k:1", "security.protocol": "SSL"},
        truststore={"content": pem},
        keystore={"content": key},
        container_home="/inside",
    )
    found = read(home, "onlinefs-kafka.properties")
    for role in ("truststore", "keystore"):
        location = pathlib.PurePosixPath(found[f"ssl.{role}.location"])
        assert location.parent == pathlib.PurePosixPath("/inside/etc") and onlinefs_versions.STORE_NAME.fullmatch(
            location.name
        )
        assert jks.read((home.etc / location.name).read_bytes(), found[f"ssl.{role}.password"])
        assert home.modes()[location.name] == 0o640
    assert found["ssl.endpoint.identification.algorithm"] == "https"
    assert found["ssl.key.password"] == found["ssl.keystore.password"]


def test_superseded_stores_go_after_the_proof_and_only_if_nothing_names_them(home: Home) -> None:
    old, new = pki.authority("old"), pki.authority("new")
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    home.run(properties=tls, truststore={"content": old.pem})
    [first] = home.etc.glob("kafka_*_truststore.jks")
    (home.etc / "by-hand.properties").write_text(f"ssl.truststore.location=/onlinefs/etc/{first.name}\n")
    home.run(properties=tls, truststore={"content": new.pem})
    assert first.exists(), "a file made by hand names it"
    (home.etc / "by-hand.properties").unlink()
    result = home.run(properties=tls, truststore={"content": new.pem})
    assert result["changed"] and not result["restarted"] and result["actions"] == [f"clean {first.name}"]
    assert not first.exists()
    assert not home.run(properties=tls, truststore={"content": new.pem})["changed"]


def test_a_failed_rotation_leaves_the_old_store_and_no_new_one(home: Home) -> None:
    old, new = pki.authority("old"), pki.authority("new")
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    home.run(properties=tls, truststore={"content": old.pem})
    before = home.files()
    with pytest.raises(Exception, match="fell over"):
        home.run(properties={**tls, "bootstrap.servers": "broken:1"}, truststore={"content": new.pem})
    assert home.files() == before


def test_revert_brings_the_store_back(home: Home) -> None:
    old, new = pki.authority("old"), pki.authority("new")
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    home.run(properties=tls, truststore={"content": old.pem})
    before = home.files()
    home.run(properties=tls, truststore={"content": new.pem})
    home.run(state="reverted", generation=1)
    assert home.files() == before
    home.run(state="reverted")
    assert not list(home.etc.glob("*.jks"))


def test_a_certificate_that_ends_too_soon_is_refused(home: Home) -> None:
    soon = pki.issue("onlinefs", end_days=5)
    with pytest.raises(InputError, match=r"\(keystore\) expires in 4 days, and min_days_valid is 30"):
        home.run(
            properties={"bootstrap.servers": "k:1", "security.protocol": "SSL"},
            keystore={"content": soon.pem + soon.key_pem()},
        )
    assert not home.state.exists()


def test_a_certificate_that_is_there_already_blocks_no_change_and_is_told(home: Home) -> None:
    """Also with another password of the store: it is the same certificate."""
    soon = pki.issue("onlinefs", end_days=5)
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    keystore = {"content": soon.pem + soon.key_pem()}
    first = home.run(properties=tls, keystore=keystore, min_days_valid=3)
    assert not [warning for warning in first["warnings"] if "expires" in warning]
    [shown] = first["certificates"]
    assert (shown["store"], shown["subject"], shown["days_left"]) == ("keystore", "CN=onlinefs,O=Example", 4)
    assert shown["expires"].endswith("Z")
    for more in ({}, {"topics": ["a"]}, {"keystore": {**keystore, "password": "another one"}}):
        result = home.run(**{"properties": tls, "keystore": keystore, **more})
        assert result["warnings"] == [f"keystore: CN=onlinefs,O=Example expires in 4 days ({shown['expires']})"]
        assert result["changed"] == bool(more)
    with pytest.raises(InputError, match="CN=another,O=Example"):
        another = pki.issue("another", end_days=5)
        home.run(properties=tls, keystore={"content": another.pem + another.key_pem()})


def test_a_truststore_lasts_as_long_as_its_last_authority(home: Home) -> None:
    old, new = pki.issue("CA 1", end_days=5, authority=True), pki.issue("CA 2", end_days=900, authority=True)
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    assert home.run(properties=tls, truststore={"content": old.pem + new.pem})["changed"]


def test_a_diff_names_the_certificates_that_change(home: Home) -> None:
    old, new = pki.authority("old"), pki.authority("new")
    tls = {"bootstrap.servers": "k:1", "security.protocol": "SSL"}
    home.run(properties=tls, truststore={"content": old.pem})
    result = home.run(properties=tls, truststore={"content": new.pem}, diff=True)
    written = next(entry for entry in result["diff"] if entry["after"] and entry["after_header"].endswith(".jks"))
    removed = next(entry for entry in result["diff"] if entry["before"] and entry["before_header"].endswith(".jks"))
    subjects = [x509.read(each.der).subject for each in (new, old)]
    for text, subject in zip((written["after"], removed["before"]), subjects, strict=True):
        assert f"{subject} until 20" in text and "UTC; " in text


def test_client_id_tells_the_generation_and_a_declared_one_stays(home: Home) -> None:
    home.run()
    assert read(home, "onlinefs-kafka.properties")["client.id"] == "onlinefs_h1_1"
    assert not home.run()["changed"]
    home.run(properties={"bootstrap.servers": "k:1"})
    assert read(home, "onlinefs-kafka.properties")["client.id"] == "onlinefs_h1_2"
    home.run(properties={"bootstrap.servers": "k:1"}, topics=["a"])
    for name in ("onlinefs-kafka.properties", "onlinefs-kafka-vector-db.properties"):
        assert read(home, name)["client.id"] == "onlinefs_h1_3", "each restart with something new shows in the group"
    assert not home.run(properties={"bootstrap.servers": "k:1"}, topics=["a"])["changed"]
    home.run(properties={"bootstrap.servers": "k:1"}, consumer_properties={"client.id": "own"})
    assert read(home, "onlinefs-kafka.properties")["client.id"] == "own"
    home.run(properties={"bootstrap.servers": "k:1"}, client_id="")
    assert "client.id" not in read(home, "onlinefs-kafka.properties")


def test_diff_and_changes_show_no_secret(home: Home) -> None:
    def jaas(password: str) -> dict[str, str]:
        return {
            "bootstrap.servers": "k:1",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="u" password="{password}";',
        }

    home.run(properties=jaas("first-canary"))
    result = home.run(properties=jaas("second-canary"), diff=True)
    assert "canary" not in repr(result)
    assert "******** (changed)" in repr(result["diff"]) and result["restarted"]
    [change] = [c for c in result["changes"] if c["what"] == "onlinefs-kafka.properties: sasl.jaas.config"]
    assert change["after"] == "******** (changed)"


@pytest.mark.parametrize(
    ("config_dir", "home_dir", "seen"),
    [
        ("/srv/hops/onlinefs/etc", "/srv/hops/onlinefs", "/onlinefs/etc"),
        ("/srv/hops/onlinefs", "/srv/hops/onlinefs", "/onlinefs"),
        ("/srv/hops/onlinefs/a/b", "/srv/hops/onlinefs/", "/onlinefs/a/b"),
        ("/data/onlinefs/etc", "/srv/hops/onlinefs", "/data/onlinefs/etc"),
        ("/srv/hops/onlinefs-etc", "/srv/hops/onlinefs", "/srv/hops/onlinefs-etc"),
    ],
)
def test_where_the_service_sees_its_directory(config_dir: str, home_dir: str, seen: str) -> None:
    assert onlinefs_versions.container_directory(config_dir, home_dir, "/onlinefs") == seen


@pytest.mark.parametrize("topic", ["", ".", "..", "a b", "ä", "x" * 250, "a,b", "a/b"])
def test_names_that_are_no_topics(home: Home, topic: str) -> None:
    with pytest.raises(InputError, match="not a valid topic name"):
        home.run(topics=[topic])


def test_topics_need_the_site_file(home: Home) -> None:
    (home.etc / "onlinefs-site.xml").unlink()
    with pytest.raises(InputError, match="the file is missing, so its topics cannot be set"):
        home.run(topics=["a"])
    assert home.run()["changed"]


@pytest.mark.parametrize("mode", ["0644", "0777", "rw", "", "99", "0641"])
def test_modes_that_are_refused(home: Home, mode: str) -> None:
    with pytest.raises(InputError, match="option mode"):
        home.run(mode=mode)


def test_a_change_of_group_or_servers_is_told(home: Home) -> None:
    servers = "The bootstrap servers change. OnlineFS keeps its offsets by topic name"
    group = (
        "The consumer group changes from onlinefs_rondb to new. If the new group has no offsets yet, it starts at the"
    )
    declared = {"bootstrap.servers": "k:1", "group.id": "new"}
    told = home.run(properties=declared, check=True)["warnings"]
    assert [told[0].startswith(f"{group} earliest record"), told[1].startswith(servers), len(told)] == [True, True, 2]
    told = home.run(properties=declared, consumer_properties={"auto.offset.reset": None}, check=True)["warnings"]
    assert told[0].startswith(f"{group} latest record"), "Kafka's own default, without the template's"
    told = home.run(properties={"bootstrap.servers": "broker.consul:9091", "group.id": "new"})["warnings"]
    assert [warning[: len(group)] for warning in told] == [group]
    told = home.run(properties=declared)["warnings"]
    assert [warning[: len(servers)] for warning in told] == [servers]
    assert home.run(properties=declared)["warnings"] == []


def test_nothing_is_told_of_a_first_configuration(home: Home) -> None:
    (home.etc / "onlinefs-kafka.properties").unlink()
    assert home.run()["warnings"] == []


@pytest.mark.parametrize("now", ["cluster-one", "cluster-two"])
def test_another_cluster_is_told(home: Home, monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    home.run()
    Generations(str(home.state)).mark_proved(0, "cluster-before")
    Generations(str(home.state)).mark_proved(1, "cluster-one")

    def joined(_client: object, _secure: object, group: str, client_id: str, *_more: object) -> ConsumerGroup:
        own = {"group": group, "member_id": "m", "client_id": client_id, "partitions": [1], "lag": None}
        return ConsumerGroup(group, client_id, True, stable=True, partitions=1, cluster_id=now, own=(own,))

    monkeypatch.setattr(group_membership, "look", joined)
    monkeypatch.setattr(group_membership, "member_ids", lambda *_: frozenset())
    warnings = home.run(topics=["a"], verify_consumer_group=True)["warnings"]
    told = "This is another Kafka cluster: its id is cluster-two, and it was cluster-one"
    assert [warning[: len(told)] for warning in warnings] == ([told] if now == "cluster-two" else [])


@pytest.mark.parametrize(
    "pattern", ["a\x00", "a\x01b", "a\tb", "a\n", "\x7f", "\x85", "\ud800", "\udc00", "\ufffe", "\uffff"]
)
def test_a_character_that_the_site_file_cannot_hold_is_refused_before_anything_is_written(
    home: Home, pattern: str
) -> None:
    home.run(topic_pattern="x.*")
    before = home.files()
    with pytest.raises(
        InputError, match=f"option topic_pattern: it contains the character U\\+{ord(pattern.strip('ab')):04X}"
    ):
        home.run(topic_pattern=pattern)
    assert home.files() == before and home.restarts == 1
    assert not home.run(topic_pattern="x.*")["changed"]


def malformed_by_us(home: Home) -> None:
    """Leave a malformed file under the name of this collection, as a release with a fault would."""
    home.run(topic_pattern="x.*")
    path = home.etc / "onlinefs-site.xml"
    path.write_text(path.read_text().replace("x.*", "x\x01"))
    site = path.read_bytes()
    kept = Generations(str(home.state)).files(1)
    old = kept["onlinefs-site.xml"]
    assert old
    kept["onlinefs-site.xml"] = File(site, old.attributes)
    Generations(str(home.state)).add(1, kept, APPLIED, {})


def test_a_malformed_site_file_of_ours_is_repaired_by_the_next_run(home: Home) -> None:
    malformed_by_us(home)
    result = home.run(topic_pattern="y.*")
    assert "onlinefs-site.xml is not well-formed XML" in " ".join(result["warnings"])
    assert (home.etc / "onlinefs-site.xml").read_text() == SITE.replace(".*_onlinefs", "y.*")
    assert not home.run(topic_pattern="y.*")["changed"]


@pytest.mark.parametrize("by", ["us", "somebody else"])
def test_a_malformed_site_file_does_not_stop_a_revert(home: Home, by: str) -> None:
    malformed_by_us(home)
    if by != "us":
        (home.etc / "onlinefs-site.xml").write_text("<onlinefs>")
        with pytest.raises(InputError, match="not well-formed"):
            home.run(topic_pattern="y.*")
    result = home.run(state="reverted")
    assert (home.etc / "onlinefs-site.xml").read_text() == SITE
    assert "onlinefs-site.xml is not well-formed XML" in " ".join(result["warnings"])
    assert home.run(state="reverted")["warnings"] == []


def test_a_diff_shows_the_topics_of_the_site_file_and_nothing_else(home: Home) -> None:
    result = home.run(topic_pattern="y.*", diff=True)
    [shown] = [entry for entry in result["diff"] if entry["before_header"] == "onlinefs-site.xml"]
    assert shown["before"] == "topicList: \ntopicPattern: .*_onlinefs\n"
    assert shown["after"] == "topicList: \ntopicPattern: y.*\n"


def test_stores_from_the_host_itself(home: Home, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(pki.authority().pem)
    home.run(
        properties={"bootstrap.servers": "k:1", "security.protocol": "SSL"},
        truststore={"path": str(path), "remote_src": True},
    )
    assert list(home.etc.glob("kafka_*_truststore.jks"))


def test_secrets_of_all_options_are_known(home: Home) -> None:
    given: dict[str, t.Any] = home.params(
        consumer_properties={"ssl.key.password": "one-secret"},
        keystore={"content": "AAAA", "password": "two-secret"},
    )
    assert {"one-secret", "two-secret"} <= options.secrets(given)
