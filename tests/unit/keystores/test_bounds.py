# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No store, however it is made, costs more than a bound: bytes, entries, levels, iterations, seconds."""

from __future__ import annotations

import base64
import pathlib
import struct
import subprocess
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import (
    der,
    jks,
    key_derivation,
    store_formats,
    store_types,
    stores,
    x509,
)

from tests.unit.kafka import pki
from tests.unit.keystores.test_stores import keystore_pem, own, refusal, trust

BIG = 2**31 - 1


@pytest.fixture(autouse=True)
def a_bound() -> t.Iterator[None]:
    """Each of these took minutes, or for ever, without its bound."""
    started = time.process_time()
    yield
    assert time.process_time() - started < 5


def openssl(*arguments: str, **options: t.Any) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60, **options).stdout


def pkcs12(*options: str) -> bytes:
    return openssl("pkcs12", "-export", "-passout", "pass:pw", *options, input=keystore_pem().encode())


def encrypted_key(*options: str) -> bytes:
    key = pki.client().key_pem().encode()
    return openssl("pkcs8", "-topk8", "-passout", "pass:pw", "-outform", "DER", *options, input=key)


def patched(data: bytes, old: int, new: int, which: int) -> bytes:
    """The same structure with another number in one place: the ``which``-th INTEGER of that value."""
    places = iter(range(1000))

    def change(content: bytes) -> bytes:
        made = b""
        for tag, inner in der.split(content):
            if tag == der.INTEGER and int.from_bytes(inner, "big") == old and next(places) == which:
                inner = new.to_bytes(5, "big")
            elif tag & 0x20 or (tag == der.OCTET_STRING and inner[:2] in (b"\x30\x81", b"\x30\x82")):
                inner = change(inner)
            made += der.field(tag, inner)
        return made

    made = change(data)
    assert made != data
    return made


# --- iterations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "total"),
    [
        (("-iter", "1000"), 3000),
        (("-iter", "1000", "-nomac"), 1000),  # its certificates are not encrypted then
        (("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-iter", "1000"), 3000),
        (("-keypbe", "NONE", "-certpbe", "NONE", "-iter", "7"), 7),
        (("-keypbe", "PBE-SHA1-3DES", "-certpbe", "NONE", "-iter", "1000"), 2000),
    ],
)
def test_the_iterations_of_a_pkcs12_store_are_counted(options: tuple[str, ...], total: int) -> None:
    assert key_derivation.iterations(pkcs12(*options)) == total


@pytest.mark.parametrize(
    ("options", "total"),
    [
        (("-iter", "4711"), 4711),
        (("-v1", "PBE-SHA1-3DES", "-iter", "4711"), 4711),
        (("-v1", "PBE-MD5-DES", "-iter", "4711", "-provider", "legacy", "-provider", "default"), 4711),
        (("-scrypt", "-scrypt_N", "1024", "-scrypt_r", "8", "-scrypt_p", "16"), 1024 * 8 * 16),
    ],
)
def test_the_iterations_of_an_encrypted_key_are_counted(options: tuple[str, ...], total: int) -> None:
    assert key_derivation.iterations(encrypted_key(*options)) == total


@pytest.mark.parametrize("which", range(3))
def test_a_store_with_too_many_iterations_is_refused_before_it_is_opened(which: int) -> None:
    made = pkcs12("-iter", "100000")
    assert own(made, password="pw").private_key == pki.client().key_der
    error = refusal("keystore", patched(made, 100000, BIG, which), password="pw")
    assert error.cause == "its encryption needs 2147683647 iterations of key derivation, and 15000000 are allowed"


def test_a_key_with_too_many_iterations_is_refused_before_it_is_opened() -> None:
    made = encrypted_key("-iter", "4711")
    fields = {"key_password": "pw"}
    assert own(x509.pem(made, "ENCRYPTED PRIVATE KEY") + pki.client().pem, **fields).private_key == pki.client().key_der
    for data in (patched(made, 4711, BIG, 0), patched(encrypted_key("-scrypt", "-scrypt_p", "1"), 1, BIG, 0)):
        error = refusal("keystore", x509.pem(data, "ENCRYPTED PRIVATE KEY") + pki.client().pem, **fields)
        assert error.cause.startswith("its encryption needs")


def test_as_many_iterations_as_java_accepts_are_accepted() -> None:
    most = 3 * 5000000
    store_formats._check_iterations(patched(pkcs12("-iter", "100000", "-nomac"), 100000, most, 0), "store")
    with pytest.raises(InputError):
        store_formats._check_iterations(patched(pkcs12("-iter", "100000", "-nomac"), 100000, most + 1, 0), "store")


def test_lengths_that_are_not_given_and_strings_in_pieces_are_read() -> None:
    """Firefox writes stores so, and an attacker may hide a number in one."""

    def indefinite(tag: int, content: bytes) -> bytes:
        return bytes([tag, 0x80]) + content + b"\0\0"

    made = patched(pkcs12("-iter", "7", "-nomac"), 7, BIG, 0)
    (_tag, pfx), *_rest = der.split(made)
    (_version, version), (_safe, safe) = der.split(pfx)
    (_oid, kind), (_explicit, explicit) = der.split(safe)
    string, _rest2 = der.take(explicit, der.OCTET_STRING)
    pieces = b"".join(der.field(der.OCTET_STRING, string[i : i + 20]) for i in range(0, len(string), 20))
    for form in (indefinite(0x24, pieces), der.field(0x24, pieces)):
        content = der.field(der.OID, kind) + indefinite(0xA0, form)
        again = indefinite(0x30, der.field(der.INTEGER, version) + indefinite(0x30, content))
        assert key_derivation.iterations(again) == BIG


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 100000,
        b"\x24\x80" * 100000,
        b"\x30\x80" + b"\x05\x00" * 500000 + b"\0\0",
        b"\x30\x80" + b"\x05\x00" * 50,
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30",
        b"\x30\x02\x30\x05",
    ],
)
def test_structures_that_are_none_end_at_once(data: bytes) -> None:
    with pytest.raises(ValueError):
        key_derivation.iterations(data)


def test_a_damaged_pkcs12_is_told_before_any_work() -> None:
    data = b"\x30\x80\x02\x01\x03" + b"\x30\x80" * 1000
    assert store_formats.recognise(data) == "PKCS12"
    assert refusal("keystore", data, password="pw").cause.endswith("or the PKCS12 store is damaged")


def nested(depth: int) -> bytes:
    data = der.field(der.INTEGER, b"1")
    for _level in range(depth):
        data = der.field(der.SEQUENCE, data)
    return data


def test_the_bound_of_the_depth() -> None:
    assert key_derivation.iterations(nested(32)) == 0
    with pytest.raises(ValueError, match="nested too deeply"):
        key_derivation.iterations(nested(33))


# --- sizes and entries -----------------------------------------------------------------------------------------------


def test_a_store_larger_than_any_is_refused(tmp_path: pathlib.Path) -> None:
    pem = pki.authority().pem
    file = tmp_path / "ca.pem"
    file.write_text(pem + " " * (stores.MAX_STORE_BYTES - len(pem)))
    assert stores.load_truststore(store_types.StoreOption("truststore", path=str(file)))
    file.write_text(pem + " " * (stores.MAX_STORE_BYTES + 1 - len(pem)))
    with pytest.raises(InputError) as raised:
        stores.load_truststore(store_types.StoreOption("truststore", path=str(file)))
    assert raised.value.cause == "cannot be read: File too large"
    assert refusal("truststore", pem + " " * stores.MAX_STORE_BYTES).cause == "larger than 4194304 bytes"


def test_a_pem_text_of_too_many_certificates_is_refused() -> None:
    assert trust(pki.authority().pem * store_formats.MAX_ENTRIES)
    assert refusal("truststore", pki.authority().pem * 2001).cause == "more than 2000 entries"


def test_a_jks_store_of_too_many_certificates_is_refused() -> None:
    entries = [jks.TrustedCert(f"a{number}", pki.authority().der) for number in range(2001)]
    assert trust(jks.write(entries[:2000], "pw"), password="pw")
    assert refusal("truststore", jks.write(entries, "pw"), password="pw").cause == "more than 2000 entries"


def test_a_pkcs12_store_of_too_many_certificates_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pkcs12("-nokeys", "-keypbe", "NONE", "-certpbe", "NONE")
    monkeypatch.setattr(store_formats, "MAX_ENTRIES", 3)
    assert trust(data, password="pw")
    monkeypatch.setattr(store_formats, "MAX_ENTRIES", 2)
    assert refusal("truststore", data, password="pw").cause == "more than 2 entries"


def test_a_chain_longer_than_any_is_refused() -> None:
    assert own(keystore_pem() + pki.authority().pem * 97)
    assert refusal("keystore", keystore_pem() + pki.authority().pem * 98).cause == "more than 100 certificates"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN A-----" * 200000,
        "".join(f"-----BEGIN {number}-----" for number in range(150000)),
        "-----BEGIN " + "A" * 4000000,
        "-" * 4000000 + "-----BEGIN ",
    ],
)
def test_markers_without_end_cost_nothing(text: str) -> None:
    assert refusal("truststore", text).cause == "the PEM text has no complete certificate or key"


def test_markers_of_another_block_between_end_nothing() -> None:
    text = "-----BEGIN CERTIFICATE-----\n-----END X-----\n" + pki.authority().pem
    assert len(trust(text).certificates) == 1


def test_a_large_key_in_a_jks_store_is_read_in_linear_time() -> None:
    [entry] = jks.read(jks.write([jks.PrivateKey("a", b"k" * 3000000, ())], "pw"), "pw")
    assert isinstance(entry, jks.PrivateKey) and entry.pkcs8_der == b"k" * 3000000


@pytest.mark.parametrize("count", [2**31, 2**32 - 1])
def test_numbers_in_a_jks_store_that_pass_its_end(count: int) -> None:
    head = jks.MAGIC + struct.pack(">II", 2, 1)
    key = struct.pack(">IHqI", 1, 0, 0, 0) + struct.pack(">I", count)
    with pytest.raises(InputError, match="damaged or truncated"):
        jks.read(head + key, "pw")


# --- DER -------------------------------------------------------------------------------------------------------------


def test_the_bounds_of_a_field() -> None:
    assert der.take(b"\x04\x02ab") == (b"ab", b"")
    assert der.take(b"\x04\x02abc") == (b"ab", b"c")
    assert der.take(b"\x04\x00") == (b"", b"")
    assert der.take(b"\x04\x81\x02ab") == (b"ab", b"")
    for short in (b"", b"\x04", b"\x04\x03ab", b"\x04\x81\x03ab", b"\x04\x82\x01", b"\x04\x7f" + b"a" * 126):
        with pytest.raises(ValueError, match="cut short"):
            der.take(short)
    with pytest.raises(ValueError, match="expected"):
        der.take(b"\x04\x00", der.SEQUENCE)


def test_the_form_of_lengths() -> None:
    for size, head in (
        (0, "0400"),
        (127, "047f"),
        (128, "048180"),
        (255, "0481ff"),
        (256, "04820100"),
        (65536, "0483010000"),
    ):
        made = der.field(der.OCTET_STRING, b"a" * size)
        assert made[: -size or None].hex() == head
        assert der.take(made) == (b"a" * size, b"")


def test_many_fields_are_split_in_linear_time() -> None:
    assert len(der.split(b"\x05\x00" * 500000)) == 500000
    with pytest.raises(ValueError):
        der.split(b"\x05\x00" * 3 + b"\x05\x01")


def test_object_identifiers() -> None:
    assert der.oid(bytes.fromhex("2a864886f70d01010b")) == "1.2.840.113549.1.1.11"
    assert der.oid(b"\x27") == "0.39" and der.oid(b"\x28") == "1.0" and der.oid(b"\x78") == "2.40"
    assert der.oid(b"\x88\x37") == "2.999"
    for bad in (b"", b"\x80", b"\x2a\x86", b"\x81" * 64 + b"\x01"):
        with pytest.raises(ValueError):
            der.oid(bad)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_up_to_the_limit(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert regular_files.read(str(tmp_path / "file"), 5) == regular_files.read(str(tmp_path / "link"), 6) == b"12345"
    with pytest.raises(OSError, match="File too large"):
        regular_files.read(str(tmp_path / "file"), 4)


def test_base64_of_a_store_is_no_way_around_the_bound() -> None:
    content = base64.b64encode(b"\x30\x80\x02\x01\x03" + b"\0" * stores.MAX_STORE_BYTES).decode()
    option = store_types.store_option("truststore", {"content": content})
    assert option is not None
    with pytest.raises(InputError, match="larger than"):
        stores.load_truststore(option)
