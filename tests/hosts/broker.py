"""What the operator of the Kafka does in a rotation, while it runs: `python -m tests.hosts.broker NAME …`.

    trust NAME…            the listener for client certificates trusts these authorities, and no other
    certificate NAME       the TLS listeners show this certificate from now on
    password USER PASSWORD a user's password for SCRAM changes

Names are those of the JSON of tests.kafka. Open connections stay as they are, as in every Kafka.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.hosts.bed import Bed
from tests.kafka import admin

_SECONDS = 20
_ITERATIONS = 4096
_MUTUAL = "mtls"
_SERVERS = ("mtls", "sasl_ssl")


def trust(bed: Bed, names: list[str]) -> None:
    """The listener for client certificates trusts these authorities, and no other."""
    certificates = bed.kafka["certificates"]
    trusted = [
        pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(Path(certificates[name]["pem"]).read_bytes()), None)
        for name in names
    ]
    encryption = serialization.BestAvailableEncryption(certificates[names[0]]["password"].encode())
    store = Path(bed.kafka["dir"], f"trusted-{'-'.join(names)}.p12")
    store.write_bytes(pkcs12.serialize_java_truststore(trusted, encryption))
    _set(admin.client(bed.kafka), {f"listener.name.{_MUTUAL}.ssl.truststore.location": str(store)})


def certificate(bed: Bed, name: str) -> None:
    """The TLS listeners show this certificate from now on."""
    store = bed.kafka["certificates"][name]["p12"]
    _set(admin.client(bed.kafka), {f"listener.name.{listener}.ssl.keystore.location": store for listener in _SERVERS})


def password(bed: Bed, user: str, new: str) -> None:
    """A user's password for SCRAM changes."""
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    wanted = UserScramCredentialUpsertion(user, how, new.encode())
    client = admin.client(bed.kafka)  # held by a name: its futures end with it
    for future in client.alter_user_scram_credentials([wanted]).values():
        future.result(_SECONDS)


def _set(client: AdminClient, settings: dict[str, str]) -> None:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
    ]
    broker = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=entries)
    for future in client.incremental_alter_configs([broker], request_timeout=_SECONDS).values():
        future.result(_SECONDS)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.broker", description=__doc__)
    parser.add_argument("name", help="of the lab")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("trust").add_argument("authorities", nargs="+")
    commands.add_parser("certificate").add_argument("certificate")
    changed = commands.add_parser("password")
    changed.add_argument("user")
    changed.add_argument("password")
    given = parser.parse_args(arguments)
    bed = Bed(given.name)
    with bed.lab.entered():
        if given.command == "trust":
            trust(bed, given.authorities)
        elif given.command == "certificate":
            certificate(bed, given.certificate)
        else:
            password(bed, given.user, given.password)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
