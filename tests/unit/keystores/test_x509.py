"""The certificate reader, beside the ``cryptography`` library, and the DER fields below it."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import der, x509
from cryptography import x509 as reference
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kafka import pki

KINDS = [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.LOCALITY_NAME]
KINDS += [NameOID.STATE_OR_PROVINCE_NAME, NameOID.DOMAIN_COMPONENT, NameOID.USER_ID]
SIGNS = st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from(' ",+;<>\\#=')
VALUES = st.text(SIGNS, min_size=1)
ATTRIBUTES = st.tuples(st.sampled_from(KINDS), VALUES.map(lambda value: value[:15]))
LAST = datetime.datetime(9999, 12, 31, 23, 59, 59)
MOMENTS = st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(9999, 12, 31))
KEY = ec.generate_private_key(ec.SECP256R1())


Attributes = list[tuple[reference.ObjectIdentifier, str]]


def certificate(attributes: Attributes, start: datetime.datetime) -> reference.Certificate:
    name = reference.Name([reference.NameAttribute(kind, value, _ASN1Type.UTF8String) for kind, value in attributes])
    end = start + min(datetime.timedelta(days=400), LAST - start)
    builder = reference.CertificateBuilder().subject_name(name).issuer_name(pki.name("issuer")).serial_number(7)
    builder = builder.public_key(KEY.public_key()).not_valid_before(start.replace(microsecond=0)).not_valid_after(end)
    return builder.sign(KEY, hashes.SHA256())


@given(st.lists(ATTRIBUTES, min_size=1, max_size=4), MOMENTS)
def test_reads_what_cryptography_reads(attributes: Attributes, start: datetime.datetime) -> None:
    made = certificate(attributes, start)
    read = x509.read(made.public_bytes(serialization.Encoding.DER))
    assert read.not_before == int(made.not_valid_before_utc.timestamp())
    assert read.not_after == int(made.not_valid_after_utc.timestamp())
    assert read.issuer == "CN=issuer,O=Example"
    # RFC 4514 leaves a writer some freedom in what to escape; what it reads as is what counts.
    assert reference.Name.from_rfc4514_string(read.subject) == reference.Name.from_rfc4514_string(
        made.subject.rfc4514_string()
    )
    assert (read.subject_der, read.issuer_der) == tuple(
        der.take(name.public_bytes())[0] for name in (made.subject, made.issuer)
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [(_ASN1Type.BMPString, "Bär"), (_ASN1Type.PrintableString, "Bear"), (_ASN1Type.T61String, "Bär")],
)
def test_reads_older_kinds_of_text(kind: _ASN1Type, text: str) -> None:
    tags = {_ASN1Type.BMPString: (0x1E, "utf-16-be"), _ASN1Type.PrintableString: (0x13, "ascii")}
    tag, codec = tags.get(kind, (0x14, "latin-1"))
    attribute = der.field(der.OID, bytes.fromhex("550403")) + der.field(tag, text.encode(codec))
    name = der.field(0x31, der.field(der.SEQUENCE, attribute))
    assert x509._name(name) == f"CN={text}"


def test_a_name_cannot_upset_a_terminal() -> None:
    name = certificate([(NameOID.COMMON_NAME, "a\x1b[31mb\n")], datetime.datetime(2025, 1, 1))
    assert x509.read(name.public_bytes(serialization.Encoding.DER)).subject == "CN=a\\1b[31mb\\0a"
    assert [*x509._alternative_names(der.field(0x82, b"\x1b[31m.example"))] == ["\\1b[31m.example"]


def test_a_name_is_not_shown_in_full_however_long_it_is() -> None:
    attribute = der.field(der.OID, bytes.fromhex("550403")) + der.field(0x0C, b"x" * 100_000)
    assert len(x509._name(der.field(0x31, der.field(der.SEQUENCE, attribute)))) == 1000


@given(st.integers(min_value=0), st.integers(0, 255))
def test_damage_is_a_value_error_or_harmless(position: int, value: int) -> None:
    data = bytearray(pki.client().der)
    data[position % len(data)] = value
    with contextlib.suppress(ValueError):
        x509.read(bytes(data))


@given(st.binary(max_size=80))
def test_anything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        x509.read(data)


def test_days_are_shown_in_utc() -> None:
    assert x509.day(0) == "1970-01-01 00:00 UTC"
    assert x509.day(253402300799) == "9999-12-31 23:59 UTC"


def test_the_names_of_a_server_are_read() -> None:
    names = [reference.DNSName("kafka.example.com"), reference.IPAddress(ipaddress.ip_address("::1"))]
    names += [reference.IPAddress(ipaddress.ip_address("10.0.0.1")), reference.RFC822Name("a@example.com")]
    builder = reference.CertificateBuilder().subject_name(pki.name("x")).issuer_name(pki.name("x")).serial_number(7)
    builder = builder.public_key(KEY.public_key()).not_valid_before(pki.NOW).not_valid_after(pki.NOW + pki.DAY)
    made = builder.add_extension(reference.SubjectAlternativeName(names), False).sign(KEY, hashes.SHA256())
    assert x509.names(made.public_bytes(serialization.Encoding.DER)) == ["kafka.example.com", "::1", "10.0.0.1"]
    assert x509.names(pki.client().der) == []


def test_keys_and_certificates() -> None:
    assert x509.key_matches_certificate(pki.client("rsa").key_der, pki.client("rsa").der)
    assert not x509.key_matches_certificate(pki.client("rsa").key_der, pki.client("ec").der)
    assert not x509.key_matches_certificate(b"", pki.client("ec").der)
    assert not x509.key_matches_certificate(pki.client("ec").key_der, b"")


@pytest.mark.parametrize("with_memory_files", [True, False])
def test_no_file_is_left_behind(with_memory_files: bool, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_memory_files:
        monkeypatch.delattr("os.memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert x509.key_matches_certificate(pki.client().key_der, pki.client().der)
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=70000), st.integers(0, 255))
def test_fields_read_back(content: bytes, tag: int) -> None:
    assert der.take(der.field(tag, content) + b"rest", tag) == (content, b"rest")
    assert der.split(der.field(tag, content) * 2) == [(tag, content)] * 2


@given(st.lists(st.integers(0, 2**70), max_size=6), st.integers(0, 2), st.integers(0, 39))
def test_object_identifiers(rest: list[int], root: int, second: int) -> None:
    dotted = ".".join(map(str, [root, second, *rest]))

    def base128(number: int) -> bytes:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        return bytes(reversed(groups))

    assert der.oid(b"".join(map(base128, [40 * root + second, *rest]))) == dotted
