"""Stores in every form in which people keep them, and every fault with its own message."""

from __future__ import annotations

import base64
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError, MissingLibraryError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import (
    cryptography_dep,
    jks,
    store_types,
    stores,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.unit.kafka import pki
from tests.unit.kafka.reference import Reference

NOW = pki.NOW.timestamp()
DAY = 86400


def given(role: str, content: str | bytes, **fields: str) -> store_types.StoreOption:
    text = content if isinstance(content, str) else base64.b64encode(content).decode()
    option = store_types.store_option(role, {"content": text, **fields})
    assert option is not None
    return option


def trust(content: str | bytes, **fields: str) -> store_types.TrustStore:
    return stores.load_truststore(given("truststore", content, **fields))


def own(content: str | bytes, **fields: str) -> store_types.KeyStore:
    return stores.load_keystore(given("keystore", content, **fields))


def refusal(role: str, content: str | bytes, **fields: str) -> InputError:
    with pytest.raises(InputError) as raised:
        (trust if role == "truststore" else own)(content, **fields)
    assert raised.value.remedy, "an error says what to do"
    return raised.value


def keystore_pem(identity: pki.Identity | None = None, **fields: t.Any) -> str:
    identity = identity or pki.client()
    return identity.key_pem(**fields) + identity.pem + pki.intermediate().pem + pki.authority().pem


def pkcs12_store(identity: pki.Identity, password: str, *others: pki.Identity) -> bytes:
    encryption = serialization.BestAvailableEncryption(password.encode())
    certificates = [other.certificate for other in others]
    return pkcs12.serialize_key_and_certificates(
        b"client", identity.key, identity.certificate, certificates, encryption
    )


def jks_store(password: str = "changeit", key_password: str | None = None) -> bytes:
    entries = [jks.PrivateKey("client", pki.client().key_der, (pki.client().der, pki.intermediate().der))]
    return jks.write(entries, password, key_password)


def pkcs12_client() -> bytes:
    return pkcs12_store(pki.client(), "pw")


def encrypted_pem() -> str:
    return keystore_pem(password="pw")


def encrypted_older_pem() -> str:
    return keystore_pem(password="pw", traditional=True)


def block(label: str) -> str:
    return f"-----BEGIN {label}-----\nMAAA\n-----END {label}-----\n"


def keytool(*arguments: str) -> None:
    subprocess.run(["keytool", *arguments], check=True, capture_output=True, timeout=60)


# --- what works ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (kind, form)
        for kind in ("rsa", "ec", "ed25519")
        for form in ("plain", "encrypted", "traditional", "traditional encrypted", "pkcs12", "jks")
        if not (kind == "ed25519" and form.startswith("traditional"))  # such keys have no older form
    ],
)
def test_keystores_of_every_form_and_key_are_the_same_client(java: Reference, kind: str, form: str) -> None:
    identity = pki.client(kind)
    if form == "pkcs12":
        store = own(pkcs12_store(identity, "pässword", pki.authority(), pki.intermediate()), password="pässword")
    elif form == "jks":
        chain = (identity.der, pki.intermediate().der, pki.authority().der)
        store = own(jks.write([jks.PrivateKey("a", identity.key_der, chain)], "pw"), password="pw")
    else:
        password = "pässword" if form.endswith("encrypted") else ""
        text = keystore_pem(identity, password=password, traditional=form.startswith("traditional"))
        store = own(text, **({"key_password": password} if password else {}))
    assert store.private_key == identity.key_der
    assert store.chain == (identity.der, pki.intermediate().der, pki.authority().der)
    opened = java.open(stores.keystore_jks(store), "JKS", store.password, store.password)
    assert opened == [("client", b"".join(store.chain), identity.key_der)]


def test_a_pem_text_may_have_its_parts_in_any_order_and_words_between_them() -> None:
    identity = pki.client()
    for parts in (
        [pki.authority().pem, identity.pem, pki.intermediate().pem, identity.key_pem()],
        [pki.intermediate().pem, identity.key_pem(), pki.authority().pem, identity.pem],
    ):
        store = own("Bag Attributes: x\n" + "subject=client\n".join(parts))
        assert store == own(keystore_pem())


def test_only_the_chain_of_the_leaf_is_kept() -> None:
    other = pki.issue("another", authority=True)
    assert own(other.pem + keystore_pem()).chain == own(keystore_pem()).chain
    assert own(pki.client().key_pem() + pki.client().pem).chain == (pki.client().der,)


def test_a_pem_text_on_one_line_is_read() -> None:
    assert trust(pki.authority().pem.replace("\n", " ")).certificates == (pki.authority().der,)


def test_a_trusted_certificate_of_openssl_is_read() -> None:
    command = ["openssl", "x509", "-trustout", "-addtrust", "serverAuth"]
    done = subprocess.run(command, input=pki.authority().pem, check=True, capture_output=True, text=True, timeout=60)
    assert "BEGIN TRUSTED CERTIFICATE" in done.stdout
    assert trust(done.stdout).certificates == (pki.authority().der,)


def test_truststores_of_every_form_are_the_same(java: Reference, tmp_path: pathlib.Path) -> None:
    first, second = pki.authority(), pki.issue("Second CA", authority=True)
    expected = trust(first.pem + second.pem, password="changeit")
    files = []
    for kind in ("PKCS12", "JKS"):
        store = tmp_path / f"store.{kind}"
        for alias, identity in (("one", first), ("two", second)):
            certificate = tmp_path / f"{alias}.pem"
            certificate.write_text(identity.pem)
            options = ["-alias", alias, "-file", str(certificate), "-keystore", str(store), "-storetype", kind]
            keytool("-importcert", "-noprompt", "-storepass", "changeit", *options)
        files.append(store.read_bytes())
    files.append(pkcs12.serialize_java_truststore(
        [pkcs12.PKCS12Certificate(identity.certificate, b"x") for identity in (second, first)],
        serialization.BestAvailableEncryption(b"changeit"),
    ))  # fmt: skip
    for file in files:
        assert trust(file, password="changeit") == expected
    opened = java.open(stores.truststore_jks(expected), "JKS", "changeit", "")
    assert {certificate for _alias, certificate, _key in opened} == {first.der, second.der}


def test_order_and_repetition_change_nothing() -> None:
    first, second = pki.authority().pem, pki.issue("Second CA", authority=True).pem
    assert trust(first + second) == trust(second + first + first)
    assert stores.truststore_jks(trust(first + second)) == stores.truststore_jks(trust(second + first))


def test_passwords_are_derived_where_none_is_given_and_kept_where_one_is() -> None:
    assert own(keystore_pem()).password == own(keystore_pem()).password
    assert own(keystore_pem()).password != own(keystore_pem(pki.client("rsa"))).password
    assert len(own(keystore_pem()).password) >= 6 and len(trust(pki.authority().pem).password) >= 6
    assert own(keystore_pem(), password="given").password == "given"
    assert trust(pki.authority().pem, password="given").password == "given"
    assert own(jks_store("store", "key"), password="store", key_password="key").password == "store"


def test_a_path_is_read_and_a_password_less_pkcs12_too(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "ca.p12"
    options = ["-keystore", str(path), "-storetype", "PKCS12", "-storepass", "changeit", "-alias", "ca", "-noprompt"]
    (tmp_path / "ca.pem").write_text(pki.authority().pem)
    plain = ["-J-Dkeystore.pkcs12.macAlgorithm=NONE", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE"]
    keytool("-importcert", "-file", str(tmp_path / "ca.pem"), *options, *plain)
    option = store_types.store_option("truststore", {"path": str(path), "content": None, "password": None})
    assert option is not None and option.subject == f"truststore {path}"
    assert stores.load_truststore(option).certificates == (pki.authority().der,)


def test_older_pkcs12_ciphers_are_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "in.pem").write_text(keystore_pem())
    command = [
        "openssl",
        "pkcs12",
        "-export",
        "-legacy",
        "-in",
        "in.pem",
        "-out",
        "out.p12",
        "-passout",
        "pass:changeit",
    ]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, timeout=60)
    assert own((tmp_path / "out.p12").read_bytes(), password="changeit").chain == own(keystore_pem()).chain


def test_the_type_is_recognised_and_may_be_said() -> None:
    assert own(keystore_pem(), type="pem") == own(keystore_pem(), type="PEM") == own(keystore_pem())
    assert own(pkcs12_store(pki.client(), "x"), type="p12", password="x").chain == (pki.client().der,)
    encoded = base64.b64encode(keystore_pem().encode()).decode()
    assert own(encoded) == own(keystore_pem())


def test_file_names_follow_the_content() -> None:
    first, second = stores.truststore_jks(trust(pki.authority().pem)), stores.keystore_jks(own(keystore_pem()))
    name = stores.file_name("kafka_fraud", "truststore", first)
    assert name.startswith("kafka_fraud_") and name.endswith("_truststore.jks")
    assert len(name) == len("kafka_fraud_12345678_truststore.jks")
    assert stores.file_name("kafka_fraud", "truststore", second) != name


# --- validity --------------------------------------------------------------------------------------------------------


def test_expired_and_future_certificates_are_named_with_their_day() -> None:
    expired = pki.issue("old client", start_days=-20, end_days=-10)
    error = refusal("keystore", expired.key_pem() + expired.pem)
    day = (pki.NOW - 10 * pki.DAY).strftime("%Y-%m-%d %H:%M UTC")
    assert error.cause == f"certificate CN=old client,O=Example expired on {day}"
    future = pki.issue("early client", start_days=10, end_days=20)
    day = (pki.NOW + 10 * pki.DAY).strftime("%Y-%m-%d %H:%M UTC")
    error = refusal("keystore", future.key_pem() + future.pem)
    assert error.cause == f"certificate CN=early client,O=Example is not valid before {day}"
    assert "CN=old client,O=Example expired on" in refusal("truststore", expired.pem).cause


def test_an_expired_intermediate_counts() -> None:
    issuer = pki.issue("old intermediate", issuer=pki.authority(), start_days=-20, end_days=-10, authority=True)
    leaf = pki.issue("client", issuer=issuer)
    assert "CN=old intermediate" in refusal("keystore", leaf.key_pem() + leaf.pem + issuer.pem).cause


def test_an_expired_authority_among_others_is_told_only() -> None:
    expired = pki.issue("old CA", start_days=-20, end_days=-10, authority=True)
    store = trust(expired.pem + pki.authority().pem)
    assert len(store.certificates) == 2
    (note,) = stores.notes(store)
    assert note.startswith("truststore: certificate CN=old CA,O=Example expired on ")
    assert stores.notes(trust(pki.authority().pem)) == ()


def test_the_time_of_the_check_can_be_given() -> None:
    option = given("keystore", keystore_pem())
    stores.load_keystore(option, NOW + 364 * DAY)
    with pytest.raises(InputError, match="expired on"):
        stores.load_keystore(option, NOW + 366 * DAY)
    with pytest.raises(InputError, match="not valid before"):
        stores.load_keystore(option, NOW - 2 * DAY)


def test_the_certificates_that_a_client_depends_on() -> None:
    authority = pki.issue("CA 1", end_days=30, authority=True)
    client = declaration.KafkaDeclaration({}, trust(authority.pem), own(keystore_pem()))
    assert store_types.certificates(client) == [("truststore", authority.der), ("keystore", pki.client().der)]
    assert store_types.certificates(declaration.KafkaDeclaration({})) == []
    entries = [jks.TrustedCert("a", authority.der), jks.PrivateKey("k", pki.client().key_der, (pki.client().der,))]
    assert jks.certificates(jks.write(entries, "a password")) == [authority.der, pki.client().der]


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_key_that_does_not_fit_is_refused() -> None:
    for kind, other in (("ec", "ec"), ("rsa", "ec"), ("ed25519", "rsa")):
        stranger = pki.issue(f"stranger {other}", kind=other)
        error = refusal("keystore", stranger.key_pem() + pki.client(kind).pem)
        assert error.cause == "the private key does not belong to the certificate (CN=client,O=Example)"


def test_no_key_no_certificate_and_several_keys_are_refused() -> None:
    assert refusal("keystore", pki.client().pem).cause == "no private key found"
    assert refusal("keystore", pki.client().key_pem()).cause == "no certificate found for the private key"
    two = keystore_pem() + pki.client("rsa").key_pem()
    assert refusal("keystore", two).cause.startswith("2 private keys found: number 1 (PRIVATE KEY), number 2")
    entries = [jks.PrivateKey(alias, pki.client().key_der, (pki.client().der,)) for alias in ("blue", "green")]
    error = refusal("keystore", jks.write(entries, "changeit"), password="changeit")
    assert error.cause == "2 private keys found: blue, green"


def test_a_pkcs12_with_several_keys_is_refused(java: Reference) -> None:
    both = [(alias, pki.client(kind).der, pki.client(kind).key_der) for alias, kind in (("a", "ec"), ("b", "rsa"))]
    error = refusal("keystore", java.make("PKCS12", "changeit", "changeit", both), password="changeit")
    assert error.cause == "2 private keys found, and a client has one"


def test_a_private_key_in_a_truststore_is_refused() -> None:
    cause = "it contains a private key, and every client receives the truststore"
    assert refusal("truststore", keystore_pem()).cause == cause
    assert refusal("truststore", keystore_pem(password="unknown")).cause == cause
    assert refusal("truststore", jks_store(), password="changeit").cause == cause
    assert refusal("truststore", jks_store("changeit", "other"), password="changeit").cause == cause
    assert refusal("truststore", pkcs12_store(pki.client(), "pw"), password="pw").cause == cause


def test_an_empty_truststore_is_refused() -> None:
    assert refusal("truststore", jks.write([], "changeit"), password="changeit").cause == "no certificate found"


@pytest.mark.parametrize(
    ("content", "fields", "cause"),
    [
        (jks_store, {"password": "S3CRET"}, "the store password is wrong"),
        (jks_store, {}, "a JKS store needs a password"),
        (lambda: jks_store("pw", "other"), {"password": "pw"}, "the key password is wrong"),
        (lambda: jks_store("pw", "other"), {"password": "pw", "key_password": "S3CRET"}, "the key password is wrong"),
        (pkcs12_client, {"password": "S3CRET"}, "the store password is wrong, or the PKCS12 store is damaged"),
        (pkcs12_client, {}, "a PKCS12 store needs a password"),
        (lambda: pkcs12_client()[:300], {"password": "pw"}, "the store password is wrong, or the PKCS12"),
        (encrypted_pem, {"key_password": "S3CRET"}, "the key password is wrong, or the key is damaged"),
        (encrypted_pem, {}, "the private key is encrypted, and no password is given"),
        (encrypted_older_pem, {"key_password": "S3CRET"}, "the key password is wrong, or the key is damaged"),
        (encrypted_older_pem, {}, "the private key is encrypted, and no password is given"),
        (jks_store, {"type": "PKCS12", "password": "x"}, "the store password is wrong"),
        (jks_store, {"type": "PEM", "password": "x"}, "the file is JKS, and type says PEM"),
        (keystore_pem, {"type": "JKS"}, "the file is PEM, and type says JKS"),
        (lambda: b"\xce\xce\xce\xce" + jks_store()[4:], {"password": "x"}, "this is a JCEKS store"),
        (lambda: jks_store()[:200], {"password": "changeit"}, "the JKS store is damaged or truncated"),
        (lambda: pki.client().der, {}, "unknown type of store"),
        (lambda: b"nothing of the kind", {}, "unknown type of store"),
        (lambda: pki.client().pem[:200], {}, "the PEM text has no complete certificate or key"),
        (lambda: pki.client().key_pem() + pki.client().pem[:200], {}, "no certificate found for the private key"),
        (lambda: keystore_pem().replace("M", "?"), {}, "the PEM block PRIVATE KEY is damaged"),
        (lambda: pki.client().key_pem() + block("CERTIFICATE"), {}, "the PEM block CERTIFICATE is damaged"),
        (lambda: block("EC PRIVATE KEY") + pki.client().pem, {}, "the PEM block EC PRIVATE KEY is damaged"),
        (lambda: block("OPENSSH PRIVATE KEY"), {}, "a key of type OPENSSH PRIVATE KEY cannot be used for TLS"),
    ],
)
def test_every_fault_has_its_own_words(content, fields: dict[str, str], cause: str) -> None:
    error = refusal("keystore", content(), **fields)
    assert error.subject.startswith("keystore (content)")
    assert error.cause.startswith(cause)
    assert "S3CRET" not in str(error)


def test_paths_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "large", "wb") as large:
        large.truncate(16 * 1024 * 1024 + 1)
    for path, cause in (
        (tmp_path / "pipe", "cannot be read: Not a regular file"),
        (pathlib.Path("/dev/zero"), "cannot be read: Not a regular file"),
        (tmp_path / "large", "cannot be read: File too large"),
        (tmp_path / "missing", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "empty", "the file is empty"),
    ):
        with pytest.raises(InputError) as raised:
            stores.load_truststore(store_types.StoreOption("truststore", path=str(path)))
        assert (raised.value.subject, raised.value.cause) == (f"truststore {path}", cause)


@pytest.mark.parametrize(
    ("params", "cause"),
    [
        ({"path": "/a", "content": "b"}, "exactly one of path and content is needed"),
        ({"type": "JKS"}, "exactly one of path and content is needed"),
        ({"path": "", "password": "x"}, "exactly one of path and content is needed"),
        ({"path": "/a", "type": "KEYCHAIN"}, "unknown type 'KEYCHAIN'"),
        ({"content": "{{ not rendered }}"}, "content is neither PEM text nor base64"),
        ({"path": "/a", "pasword": "x"}, "unknown key 'pasword'"),
    ],
)
def test_options_that_say_nothing_usable(params: dict[str, str], cause: str) -> None:
    with pytest.raises(InputError) as raised:
        store_types.store_option("truststore", params)
    assert (raised.value.subject, raised.value.cause) == ("option truststore", cause)


def test_options_not_given() -> None:
    assert store_types.store_option("truststore", None) is None
    assert store_types.store_option("truststore", {"path": None, "content": None, "password": None}) is None


# --- with the standard library alone ---------------------------------------------------------------------------------

WITHOUT_CRYPTOGRAPHY = """
import sys
sys.modules["cryptography"] = None
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import MissingLibraryError
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import store_types, stores
role, kind, password = sys.argv[1:]
params = {"content": sys.stdin.read(), "password": password or None}
option = store_types.store_option(role, params)
try:
    store = (stores.load_truststore if role == "truststore" else stores.load_keystore)(option)
    print(len(store.chain if role == "keystore" else store.certificates))
except MissingLibraryError as error:
    print(error.library, error.cause)
"""


@pytest.mark.parametrize(
    ("role", "content", "password", "answer"),
    [
        ("truststore", lambda: pki.authority().pem, "", "1"),
        ("keystore", keystore_pem, "", "3"),
        ("keystore", lambda: base64.b64encode(jks_store()).decode(), "changeit", "2"),
        ("keystore", lambda: keystore_pem(password="x"), "x", "cryptography not installed where this task runs"),
        (
            "keystore",
            lambda: base64.b64encode(pkcs12_store(pki.client(), "x")).decode(),
            "x",
            "cryptography not installed",
        ),
    ],
)
def test_what_managed_hosts_need_works_without_cryptography(role: str, content, password: str, answer: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CRYPTOGRAPHY, role, "", password],
        input=content(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.startswith(answer), done.stderr


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cryptography_dep, "IMPORT_ERROR", ImportError("no"))
    with pytest.raises(MissingLibraryError, match="pip install cryptography"):
        own(pkcs12_store(pki.client(), "x"), password="x")


def test_reprs_hide_everything_secret() -> None:
    option = given("keystore", keystore_pem(), password="S3CRET", key_password="S3CRET")
    for thing in (option, own(keystore_pem(), password="S3CRET"), trust(pki.authority().pem, password="S3CRET")):
        assert "S3CRET" not in repr(thing) and "BEGIN" not in repr(thing)
