# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Tell whether a JVM trusts anything in a PKCS12 store.

Java takes a certificate without a key for trusted only if it has an attribute of Oracle's, which keytool writes and
OpenSSL does not. The attributes are in the encrypted part, and ``cryptography`` does not show them, so that part is
decrypted here.
"""

from __future__ import annotations

import hashlib
import typing as t

from . import der, key_derivation
from .key_derivation import Node

#: The attribute trustedKeyUsage, 2.16.840.1.113894.746875.1.1.
_TRUSTED = bytes.fromhex("60864801" + "86f966adca7b" + "0101")
_ENCRYPTED_DATA = bytes.fromhex("2a864886f70d010706")
_PBES2 = "1.2.840.113549.1.5.13"
_PBE_3DES, _PBE_RC2_40 = "1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.6"
_KEYED_HASHES = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_AES = {"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}
_BLOCK = 64


def trusts(data: bytes, password: str) -> t.Optional[bool]:
    """Tell whether Java trusts a certificate in the store; None if its encryption is not known here.

    :param data: a store that opens with the password.
    """
    if _TRUSTED in data:
        return True
    try:
        roots, _unused = key_derivation.parse(data)
        parts = [part for root in roots for part in _encrypted(root)]
        return any(_TRUSTED in _decrypt(part, password) for part in parts)
    except (ValueError, IndexError, ImportError):
        return None


def _encrypted(node: Node) -> t.Iterator[Node]:
    """Yield each EncryptedContentInfo."""
    children = node.children
    if len(children) >= 2 and children[0].tag == der.OID and children[0].content == _ENCRYPTED_DATA:
        yield children[1].children[0].children[1]
        return
    for child in children:
        yield from _encrypted(child)


def _decrypt(part: Node, password: str) -> bytes:
    """Return what an EncryptedContentInfo {type, algorithm, [0] content} holds."""
    algorithm = part.children[1]
    content = part.children[2]
    encrypted = content.content or b"".join(piece.content for piece in content.children)
    name = der.oid(algorithm.children[0].content)
    if name == _PBES2:
        return _pbes2(algorithm.children[1], password, encrypted)
    salt = algorithm.children[1].children[0].content
    rounds = int.from_bytes(algorithm.children[1].children[1].content, "big")
    from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415

    sizes = {_PBE_3DES: 24, _PBE_RC2_40: 5}
    if name not in sizes:
        raise ValueError(name)
    key = _derive(password, salt, rounds, 1, sizes[name])
    start = _derive(password, salt, rounds, 2, 8)
    decryptor = Cipher(_old_cipher(name, key), modes.CBC(start)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()


def _old_cipher(name: str, key: bytes) -> t.Any:
    from cryptography.hazmat.decrepit.ciphers import algorithms  # noqa: PLC0415

    return algorithms.TripleDES(key) if name == _PBE_3DES else algorithms.RC2(key)


def _pbes2(parameters: Node, password: str, encrypted: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    derivation, scheme = parameters.children[0].children[1].children, parameters.children[1].children
    salt, rounds = derivation[0].content, int.from_bytes(derivation[1].content, "big")
    keyed = next((der.oid(each.children[0].content) for each in derivation[2:] if each.tag == der.SEQUENCE), None)
    digest = _KEYED_HASHES["1.2.840.113549.2.7" if keyed is None else keyed]
    size = _AES[der.oid(scheme[0].content)]
    key = hashlib.pbkdf2_hmac(digest, password.encode(), salt, rounds, size)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(scheme[1].content)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()


def _derive(password: str, salt: bytes, rounds: int, purpose: int, size: int) -> bytes:
    """Return a key (purpose 1) or a start value (2), as RFC 7292, appendix B.2, derives them with SHA-1."""
    secret = (password + "\0").encode("utf-16-be", "surrogatepass")

    def filled(text: bytes) -> bytes:
        length = _BLOCK * ((len(text) + _BLOCK - 1) // _BLOCK)
        return (text * (length // max(len(text), 1) + 1))[:length]

    state = filled(salt) + filled(secret)
    made = b""
    while len(made) < size:
        block = hashlib.sha1(bytes([purpose]) * _BLOCK + state).digest()  # noqa: S324
        for _unused in range(rounds - 1):
            block = hashlib.sha1(block).digest()  # noqa: S324
        made += block
        step = int.from_bytes((block * 4)[:_BLOCK], "big") + 1
        pieces = [state[start : start + _BLOCK] for start in range(0, len(state), _BLOCK)]
        state = b"".join(
            ((int.from_bytes(piece, "big") + step) % (1 << 8 * _BLOCK)).to_bytes(_BLOCK, "big") for piece in pieces
        )
    return made[:size]
