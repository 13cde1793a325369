# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA made for the run, and the good and bad certificates that the tests need.

Every identity lies in the folder as NAME.crt.pem, NAME.key.pem, NAME.pem (key and chain in one), NAME.p12 and NAME.jks;
every trust store as NAME.pem, NAME.p12 and NAME.jks. keytool writes the JKS: they do not come from our own code.
"""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import shutil
import subprocess
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .jars import HarnessError

STORE_PASSWORD = "store-Secret-1"
_KEYTOOL_SECONDS = 180

_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_Days = tuple[float, float]
#: Longer than the 30 days from which the collection warns.
_GOOD: _Days = (-1, 90)


class Authority:
    """A certificate authority in memory."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            _builder(subject, subject, self.key, (-3650, 3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, common_name: str, key: _Key, names: t.Sequence[str] = (), days: _Days = _GOOD) -> x509.Certificate:
        """A certificate for `key`, valid between `days` from now; with `names` it is a server's, without a client's."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            _builder(subject, self.certificate.subject, key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(issuer_key, critical=False)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_name(name) for name in names]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: _Key, days: _Days) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
    )


def _usage(**allowed: bool) -> x509.KeyUsage:
    fields = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{field: allowed.get(field, False) for field in fields})


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _ec() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _rsa(bits: int = 2048) -> rsa.RSAPrivateKey:
    # 1024 bits on purpose for the weak one: OpenSSL's default security level and clients must refuse it.
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make(folder: pathlib.Path, host_names: t.Sequence[str], users: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
    """Make everything in `folder`; return what the JSON says of it: {name: {kind, pem, p12, jks, ...}}."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, other = Authority("Test CA"), Authority("Some other CA")
    identities: dict[str, tuple[_Key, x509.Certificate, Authority]] = {}

    def identity(name: str, key: _Key, authority: Authority = ca, **how: t.Any) -> None:
        identities[name] = (key, authority.issue(how.pop("common_name", name), key, **how), authority)

    names = list(host_names)
    identity("server", _ec(), names=names, common_name=names[0])
    identity("server_expired", _ec(), names=names, common_name=names[0], days=(-60, -2))
    identity("server_not_yet_valid", _ec(), names=names, common_name=names[0], days=(2, 60))
    identity("server_wrong_host", _ec(), names=["kafka.elsewhere.example"], common_name="kafka.elsewhere.example")
    identity("server_other_ca", _ec(), authority=other, names=names, common_name=names[0])
    identity("server_weak", _rsa(1024), names=names, common_name=names[0])
    identity("server_expires_soon", _ec(), names=names, common_name=names[0], days=(-60, 3))
    # One RSA key among the users, since most keys in the field are RSA.
    for number, user in enumerate(users):
        identity(user, _ec() if number else _rsa())
    first = users[0]
    identity(f"{first}_expired", _ec(), common_name=first, days=(-60, -2))
    identity(f"{first}_not_yet_valid", _ec(), common_name=first, days=(2, 60))
    identity(f"{first}_other_ca", _ec(), authority=other, common_name=first)

    entries: dict[str, dict[str, t.Any]] = {}
    jks: list[tuple[list[str], pathlib.Path]] = []
    for name, authority in (("ca", ca), ("other_ca", other)):
        entries[name] = _write_trust(folder, name, authority, jks)
    for name, (key, certificate, authority) in identities.items():
        # keytool costs half a second a file: only the stores that tests open as JKS.
        entries[name] = _write_identity(folder, name, key, certificate, authority, jks if name == first else None)
    _keytool(jks)
    return entries


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _encryption() -> serialization.KeySerializationEncryption:
    return serialization.BestAvailableEncryption(STORE_PASSWORD.encode())


def _write_trust(
    folder: pathlib.Path, name: str, authority: Authority, jks: list[tuple[list[str], pathlib.Path]]
) -> dict[str, t.Any]:
    pem, p12, store = (folder / f"{name}.{end}" for end in ("pem", "p12", "jks"))
    pem.write_bytes(_pem(authority.certificate))
    trusted = [pkcs12.PKCS12Certificate(authority.certificate, name.encode())]
    p12.write_bytes(pkcs12.serialize_java_truststore(trusted, _encryption()))
    jks.append((["-importcert", "-noprompt", "-alias", name, "-file", str(pem), "-storetype", "JKS"], store))
    return {
        "kind": "truststore",
        "pem": str(pem),
        "p12": str(p12),
        "jks": str(store),
        "password": STORE_PASSWORD,
    }


def _write_identity(
    folder: pathlib.Path,
    name: str,
    key: _Key,
    certificate: x509.Certificate,
    authority: Authority,
    jks: list[tuple[list[str], pathlib.Path]] | None,
) -> dict[str, t.Any]:
    paths = {end: folder / f"{name}.{end}" for end in ("crt.pem", "key.pem", "pem", "p12", "jks")}
    plain = serialization.NoEncryption()
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    chain = _pem(certificate) + _pem(authority.certificate)
    paths["crt.pem"].write_bytes(chain)
    paths["key.pem"].write_bytes(key_pem)
    paths["pem"].write_bytes(key_pem + chain)
    paths["p12"].write_bytes(
        pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [authority.certificate], _encryption())
    )
    for secret in ("key.pem", "pem", "p12"):
        paths[secret].chmod(0o600)
    if jks is not None:
        source = ["-srckeystore", str(paths["p12"]), "-srcstoretype", "PKCS12", "-srcstorepass", STORE_PASSWORD]
        jks.append((["-importkeystore", "-noprompt", *source, "-deststoretype", "JKS"], paths["jks"]))
    return {
        "kind": "keystore",
        "certificate": str(paths["crt.pem"]),
        "key": str(paths["key.pem"]),
        "pem": str(paths["pem"]),
        "p12": str(paths["p12"]),
        "jks": str(paths["jks"]) if jks is not None else None,
        "password": STORE_PASSWORD,
        "principal": certificate.subject.rfc4514_string(),
        "not_after": int(certificate.not_valid_after_utc.timestamp()),
    }


def _keytool(jobs: t.Sequence[tuple[list[str], pathlib.Path]]) -> None:
    """Write each JKS with Java's own tool, all at once."""
    keytool = shutil.which("keytool")
    if not keytool:
        raise HarnessError("keytool, which comes with every Java, is not on the path")
    running = []
    for arguments, target in jobs:
        prefix = "-dest" if "-importkeystore" in arguments else "-"
        command = [keytool, *arguments, f"{prefix}keystore", str(target), f"{prefix}storepass", STORE_PASSWORD]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process, (_arguments, target) in zip(running, jobs, strict=False):
        output, _none = process.communicate(timeout=_KEYTOOL_SECONDS)
        if process.returncode != 0 or not target.is_file():
            raise HarnessError(f"keytool could not write {target}: {output[-1000:]}")
        target.chmod(0o600)
