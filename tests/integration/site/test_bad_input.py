"""Bad input to hopsworks.kafka.site: a message that names the input and the cure, and nothing written anywhere."""

from __future__ import annotations

import datetime
import pathlib
import socket
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.site.conftest import Bed

PEM = serialization.Encoding.PEM
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def private_pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def certificate(private: ec.EllipticCurvePrivateKey, end: datetime.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bad input")])
    builder = x509.CertificateBuilder(
        name, name, private.public_key(), x509.random_serial_number(), end - 90 * DAY, end
    )
    return builder.sign(private, hashes.SHA256())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> t.Callable[..., str]:
    """Writes PEM texts to a file and returns its path."""
    folder = tmp_path_factory.mktemp("stores")

    def write(name: str, *parts: bytes) -> str:
        path = folder / name
        path.write_bytes(b"".join(parts))
        return str(path)

    return write


@pytest.fixture(scope="module")
def cases(bed: Bed, store: t.Callable[..., str]) -> dict[str, tuple[dict[str, t.Any], list[str]]]:
    """``{case: (variables, what the output must name)}``."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        closed = listener.getsockname()[1]
    mine, other = key(), key()
    good, expired = certificate(mine, NOW + 90 * DAY), certificate(mine, NOW - DAY)
    good_pem, expired_pem = good.public_bytes(PEM), expired.public_bytes(PEM)
    authority = {"path": store("ca.pem", good_pem)}
    tls = {"bootstrap.servers": bed.note["bootstrap"], "security.protocol": "SSL"}
    from cryptography.hazmat.primitives.serialization import pkcs12

    protected = serialization.BestAvailableEncryption(b"the right one")
    p12 = store("client.p12", pkcs12.serialize_key_and_certificates(b"client", mine, good, None, protected))

    def with_stores(trust: dict[str, str], shown: dict[str, str]) -> dict[str, t.Any]:
        return {
            "hopsworks_kafka_properties": tls,
            "hopsworks_kafka_truststore": trust,
            "hopsworks_kafka_keystore": shown,
        }

    missing = str(pathlib.Path(p12).parent / "missing.pem")
    return {
        "wrong key": ({"hopsworks_api_key": "lab.wrong"}, ["API key is wrong", "api_key"]),
        "wrong CA": ({"hopsworks_ca_path": authority["path"]}, ["certificate of 127.0.0.1", "ca_path"]),
        "unreachable host": ({"hopsworks_port": closed}, [f"127.0.0.1:{closed}", "Check host and port"]),
        "unknown project": (
            {"hopsworks_kafka_projects": ["project_1", "nonesuch"]},
            ["project nonesuch does not exist", "Check the spelling"],
        ),
        "malformed properties": (
            {"hopsworks_kafka_properties": {**tls, "security.protocol": "TLS"}},
            ["security.protocol", "SASL_SSL"],
        ),
        "store with a wrong password": (
            with_stores(authority, {"path": p12, "password": "a wrong one"}),
            [p12, "password"],
        ),
        "key that does not fit": (
            with_stores(authority, {"path": store("unfit.pem", private_pem(other), good_pem)}),
            ["unfit.pem", "fit"],
        ),
        "expired certificate": (
            with_stores(authority, {"path": store("expired.pem", private_pem(mine), expired_pem)}),
            ["expired.pem", "expired on"],
        ),
        "unreadable path": (with_stores({"path": missing}, {"path": p12, "password": "the right one"}), [missing]),
        "query that matches nothing": (
            {"hopsworks_kafka_project_query": "[?name=='nonesuch']"},
            ["project_query", "matches none"],
        ),
        "no host": (
            {"hopsworks_kafka_onlinefs_hosts": "onlinefs_misspelt"},
            ["'onlinefs_misspelt'", "hopsworks_kafka_onlinefs_hosts"],
        ),
        "one host that is not ready": (
            {"onlinefs_config_dir": OTHER_DIRECTORY},
            ["onlinefs2", "/nonesuch"],
        ),
    }


#: The second host has none such.
OTHER_DIRECTORY = "{{ '/nonesuch' if inventory_hostname == 'onlinefs2' else onlinefs_home ~ '/etc' }}"
CASES = [
    "wrong key",
    "wrong CA",
    "unreachable host",
    "unknown project",
    "malformed properties",
    "store with a wrong password",
    "key that does not fit",
    "expired certificate",
    "unreadable path",
    "query that matches nothing",
    "no host",
    "one host that is not ready",
]


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_written_and_the_message_tells(bed: Bed, cases: dict[str, t.Any], case: str) -> None:
    variables, told = cases[case]
    before = bed.files()
    run = bed.play("site", "-vv", **variables)
    assert run.code != 0, run
    for words in told:
        assert words in run.output, f"{words!r} is not in:\n{run}"
    assert bed.writes() == 0
    assert set(bed.connectors().values()) == {None}
    assert bed.files() == before
    for secret in ("the right one", "a wrong one", "lab.wrong", bed.note["api_key"]):
        assert secret not in run.output
    assert "PRIVATE KEY" not in run.output
