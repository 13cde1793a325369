"""JKS files: written and read here, by keytool and by the Java platform."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kafka import pki
from tests.unit.kafka.reference import Reference, ReferenceError

PASSWORDS = ["changeit", "", "pässwörd", "密码🔑", "a" * 300, " ", "\x00"]


def keytool(*arguments: str) -> str:
    done = subprocess.run(["keytool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def entries(kind: str = "ec") -> list[jks.Entry]:
    client, issuer, root = pki.client(kind), pki.intermediate(), pki.authority()
    return [
        jks.PrivateKey("client", client.key_der, (client.der, issuer.der, root.der), 1700000000000),
        jks.TrustedCert("ca-1", root.der, 1700000000001),
    ]


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_java_opens_what_it_wrote(java: Reference, kind: str) -> None:
    client, issuer, root = pki.client(kind), pki.intermediate(), pki.authority()
    opened = java.open(jks.write(entries(kind), "changeit"), "JKS", "changeit", "changeit")
    assert opened == [
        ("ca-1", root.der, b""),
        ("client", client.der + issuer.der + root.der, client.key_der),
    ]


@pytest.mark.parametrize("password", PASSWORDS)
def test_passwords_of_every_kind_open_both_ways(java: Reference, password: str) -> None:
    client = pki.client()
    opened = java.open(jks.write(entries(), password), "JKS", password, password)
    assert opened[1][2] == client.key_der
    made = java.make("JKS", password, password, [("k", client.der, client.key_der), ("c", client.der, b"")])
    assert {type(entry) for entry in jks.read(made, password)} == {jks.PrivateKey, jks.TrustedCert}
    with pytest.raises(jks.StorePasswordError):
        jks.read(made, password + "x")


def test_reads_what_java_wrote(java: Reference) -> None:
    client, root = pki.client("rsa"), pki.authority()
    made = java.make(
        "JKS", "store password", "key password", [("Öne", client.der, client.key_der), ("two😀", root.der, b"")]
    )
    read = {entry.alias: entry for entry in jks.read(made, "store password", "key password")}
    assert set(read) == {"öne", "two😀"}
    key, certificate = read["öne"], read["two😀"]
    assert isinstance(key, jks.PrivateKey) and isinstance(certificate, jks.TrustedCert)
    assert (key.pkcs8_der, key.chain, certificate.der) == (client.key_der, (client.der,), root.der)
    assert key.created_ms > 1700000000000


def test_tells_the_wrong_password_of_the_store_from_that_of_the_key(java: Reference) -> None:
    client = pki.client()
    made = java.make("JKS", "store password", "key password", [("k", client.der, client.key_der)])
    with pytest.raises(jks.StorePasswordError, match="the store password is wrong"):
        jks.read(made, "other", "key password", "keystore /a.jks")
    for key_password in (None, "other"):
        with pytest.raises(jks.KeyPasswordError, match=r"keystore /a.jks, key k: the key password is wrong"):
            jks.read(made, "store password", key_password, "keystore /a.jks")


def test_writes_keys_with_a_password_of_their_own(java: Reference) -> None:
    written = jks.write(entries(), "store password", "key password")
    assert java.open(written, "JKS", "store password", "key password")[1][2] == pki.client().key_der
    with pytest.raises(ReferenceError, match="UnrecoverableKey"):
        java.open(written, "JKS", "store password", "store password")


def test_same_input_same_bytes_and_other_salt_for_another_key_or_password() -> None:
    written = jks.write(entries(), "changeit")
    assert written == jks.write(entries(), "changeit")

    def salt(store: bytes) -> bytes:
        start = store.index(jks._PROTECTOR) + len(jks._PROTECTOR)
        return store[start:][4:24] if store[start + 1] & 0x80 == 0x82 else store[start:][3:23]

    salts = {salt(jks.write(entries(kind), password)) for kind in ("rsa", "ec") for password in ("changeit", "other")}
    assert len(salts) == 4


def test_keytool_lists_what_it_wrote_and_exports_it(tmp_path: pathlib.Path) -> None:
    store = tmp_path / "store.jks"
    store.write_bytes(jks.write(entries("rsa"), "changeit"))
    options = ["-keystore", str(store), "-storepass", "changeit", "-storetype", "JKS"]
    listed = keytool("-list", *options)
    assert "contains 2 entries" in listed
    assert "PrivateKeyEntry" in listed and "trustedCertEntry" in listed
    assert (
        keytool("-exportcert", "-rfc", "-alias", "ca-1", *options).replace("\r", "").strip()
        == pki.authority().pem.strip()
    )


def test_reads_what_keytool_wrote(tmp_path: pathlib.Path) -> None:
    store, exported = tmp_path / "store.jks", tmp_path / "certificate.der"
    options = ["-keystore", str(store), "-storepass", "storepass", "-storetype", "JKS", "-alias", "Client"]
    keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=keytool", "-keypass", "keypass", *options)
    keytool("-exportcert", "-file", str(exported), *options)
    (key,) = jks.read(store.read_bytes(), "storepass", "keypass")
    assert isinstance(key, jks.PrivateKey)
    assert (key.alias, key.chain) == ("client", (exported.read_bytes(),))


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda data: data[:-1], "damaged or truncated"),
        (lambda data: data[:100], "damaged or truncated"),
        (lambda data: data[:4], "damaged or truncated"),
        (lambda data: data + b"\n", "damaged or truncated"),
        (lambda data: data[:4] + b"\x00\x00\x00\x07" + data[8:], "JKS version 7 is unknown"),
        (lambda data: data[:15] + b"\x09" + data[16:], "damaged or truncated"),
        (lambda data: b"\xce\xce\xce\xce" + data[4:], "this is a JCEKS store"),
        (lambda data: b"-----BEGIN" + data[4:], "this is not a JKS store"),
        (lambda data: b"", "this is not a JKS store"),
    ],
)
def test_refuses_what_is_no_sound_store(damage, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        jks.read(damage(jks.write(entries(), "changeit")), "changeit")


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
@settings(max_examples=300)
def test_damage_is_always_an_input_error_or_found_by_the_digest(position: int, value: int) -> None:
    data = bytearray(jks.write(entries(), "changeit"))
    position %= len(data)
    if data[position] == value:
        return
    data[position] = value
    with pytest.raises(InputError):
        jks.read(bytes(data), "changeit")


ALIASES = st.text(min_size=1, max_size=30).filter(lambda alias: alias == alias.lower())


@given(st.lists(st.tuples(ALIASES, st.integers(0, 2**62), st.booleans()), max_size=4), st.text(max_size=20))
def test_reads_back_what_it_wrote(names: list[tuple[str, int, bool]], password: str) -> None:
    client = pki.client()
    written = [
        jks.PrivateKey(alias, client.key_der, (client.der,), created)
        if is_key
        else jks.TrustedCert(alias, client.der, created)
        for alias, created, is_key in names
    ]
    assert jks.read(jks.write(written, password), password) == written


def test_hides_keys() -> None:
    assert repr(entries()[0]) == "PrivateKey(alias='client', created_ms=1700000000000)"
