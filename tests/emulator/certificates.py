"""X.509 material: the emulator's own CA and server certificate, and the certificates that a project's members get."""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
import os
import pathlib
import ssl
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey
DAYS = 3650
CA_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.pem", "cert.pem", "key.pem"


class TlsFiles(t.NamedTuple):
    ca: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def tls_files(directory: pathlib.Path) -> TlsFiles:
    """The files in `directory`, which are made when the certificate or its key is not there.

    The certificate is for localhost, 127.0.0.1 and ::1, signed by a CA of its own, whose key is not kept.
    """
    files = TlsFiles(directory / CA_FILE, directory / CERTIFICATE_FILE, directory / KEY_FILE)
    if files.certificate.exists() and files.key.exists():
        return files
    directory.mkdir(parents=True, exist_ok=True)
    authority = Authority("Hopsworks emulator CA")
    key = new_key()
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses])
    certificate = authority.issue("localhost", key, ExtendedKeyUsageOID.SERVER_AUTH, names)
    _write(files.ca, pem(authority.certificate), 0o644)
    _write(files.key, key_pem(key), 0o600)
    _write(files.certificate, pem(certificate) + pem(authority.certificate), 0o644)
    return files


def _write(path: pathlib.Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as stream:
        stream.write(content)


class Authority:
    """A certificate authority that lives as long as this process."""

    def __init__(self, name: str) -> None:
        self.key = new_key()
        self.name = _name(name)
        public = self.key.public_key()
        self.certificate = (
            _builder(self.name, self.name, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self,
        name: str,
        key: Key,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None = None,
    ) -> x509.Certificate:
        public = key.public_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            _builder(_name(name), self.name, public)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
    )


def _key_usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


@functools.lru_cache(maxsize=1)
def _project_authority() -> tuple[Authority, Key]:
    # One key serves all projects: making one takes longer than all else here.
    return Authority("Hopsworks projects CA"), new_key()


@functools.lru_cache(maxsize=1024)
def project_credentials(project: str, user: str) -> dict[str, str]:
    """What GET /project/{id}/credentials gives a member: JKS stores as base64, their password, and the same as PEM."""
    from tests.conftest import link_collection

    link_collection()
    from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks

    authority, key = _project_authority()
    certificate = authority.issue(f"{project}__{user}", key, ExtendedKeyUsageOID.CLIENT_AUTH)
    password = base64.b32encode(f"{project}{user}".encode())[:20].decode()
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = (der(certificate), der(authority.certificate))
    keystore = jks.write([jks.PrivateKey(f"{project}__{user}", pkcs8, chain)], password)
    truststore = jks.write([jks.TrustedCert("hops_root_ca", der(authority.certificate))], password)
    return {
        "fileExtension": "jks",
        "kStore": base64.b64encode(keystore).decode(),
        "tStore": base64.b64encode(truststore).decode(),
        "password": password,
        "caChain": pem(authority.certificate).decode(),
        "clientCert": pem(certificate).decode(),
        "clientKey": key_pem(key).decode(),
    }
