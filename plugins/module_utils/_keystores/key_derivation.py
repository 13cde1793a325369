# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Count the key derivation iterations of a PKCS12 store or an encrypted PKCS8 key, without opening it.

Each encrypted part names a key derivation function and its number of iterations. OpenSSL carries out any number, takes
minutes for 2147483647 iterations, and cannot be interrupted.
"""

from __future__ import annotations

import typing as t

from . import der

#: Java refuses a store that asks for more than 5,000,000 iterations for its integrity check or for any of its parts:
#: https://github.com/openjdk/jdk/blob/f9c8e112c94a72b316129ec6f68094b6e39fc432/src/java.base/share/classes/sun/security/pkcs12/PKCS12KeyStore.java
#: A store with one key has three of them: the check, the certificates, the key.
MAX_ITERATIONS = 3 * 5000000

_MAX_DEPTH = 32
_MAX_FIELDS = 200000
_CONSTRUCTED = 0x20
_INDEFINITE = b"\x80"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
#: The schemes of PKCS5, PBKDF2 among them, and those of PKCS12. Each has its iterations as the first number.
_SCHEMES = ("1.2.840.113549.1.5.", "1.2.840.113549.1.12.1.")


class Node(t.NamedTuple):
    """A field with the fields in it. An octet string that holds fields has them as children too."""

    tag: int
    content: bytes
    children: t.Tuple[Node, ...] = ()


def iterations(data: bytes) -> int:
    """Return the total iterations of all key derivations in a PKCS12 store or an encrypted PKCS8 key.

    Parts inside an encrypted part are not seen. For scrypt, count N * r * p.

    :raises ValueError: it is not BER, is nested too deeply or has too many fields.
    """
    roots, _unused = parse(data)
    return sum(_mac_iterations(root) + _sum(root) for root in roots)


def parse(data: bytes) -> t.Tuple[t.List[Node], int]:
    """Return the fields of a structure, and where they end.

    :raises ValueError: it is not BER, is nested too deeply or has too many fields.
    """
    return _Parser().fields(data, 0, len(data), 0)


def _sum(node: Node) -> int:
    return _own_iterations(node) + sum(map(_sum, node.children))


def _own_iterations(node: Node) -> int:
    """Return the iterations in an AlgorithmIdentifier; 0 for any other field."""
    if node.tag != der.SEQUENCE or len(node.children) < 2 or node.children[0].tag != der.OID:
        return 0
    try:
        name = der.oid(node.children[0].content)
    except ValueError:
        return 0
    numbers = [_integer(child) for child in node.children[1].children if child.tag == der.INTEGER]
    if name == _SCRYPT:
        product = 1
        for number in numbers[:3]:
            product *= number
        return product
    return sum(numbers[:1]) if name.startswith(_SCHEMES) else 0


def _mac_iterations(root: Node) -> int:
    """Return the iterations of a PKCS12 store's integrity check: PFX is {version, authSafe, macData}."""
    if len(root.children) < 3:
        return 0
    # MacData is {mac, macSalt, iterations}; the number is omitted if it is 1.
    return sum(_integer(child) for child in root.children[2].children if child.tag == der.INTEGER)


def _integer(node: Node) -> int:
    # A longer number is far beyond the limit.
    return int.from_bytes(node.content[:16], "big")


class TooComplexError(ValueError):
    """A structure has more levels or fields than any store needs."""


class _Parser:
    """Read BER, which includes DER: Firefox and others write stores whose parts have no length."""

    def __init__(self) -> None:
        self.count = 0

    def fields(self, data: bytes, position: int, end: t.Optional[int], depth: int) -> t.Tuple[t.List[Node], int]:
        """Return the fields from ``position`` on, and where they end.

        :param end: where they must end; None for a list that ends with an end-of-contents field.
        """
        if depth > _MAX_DEPTH:
            raise TooComplexError("nested too deeply")
        found: t.List[Node] = []
        while position != end:
            if end is None and data[position : position + 2] == b"\0\0":
                return found, position + 2
            node, position = self._field(data, position, depth)
            found.append(node)
            if end is not None and position > end:
                raise ValueError("a field passes the end of its parent")
        return found, position

    def _field(self, data: bytes, position: int, depth: int) -> t.Tuple[Node, int]:
        self.count += 1
        if self.count > _MAX_FIELDS:
            raise TooComplexError("too many fields")
        tag = data[position : position + 1]
        if data[position + 1 : position + 2] == _INDEFINITE:
            children, after = self.fields(data, position + 2, None, depth + 1)
        else:
            start, after = der.bounds(data, position)
            if not tag[0] & _CONSTRUCTED:
                content = data[start:after]
                return Node(tag[0], content, self._inside(content, depth) if tag[0] == der.OCTET_STRING else ()), after
            children, _unused = self.fields(data, start, after, depth + 1)
        if tag[0] != der.OCTET_STRING | _CONSTRUCTED:
            return Node(tag[0], b"", tuple(children)), after
        content = b"".join(piece.content for piece in children)
        return Node(der.OCTET_STRING, content, self._inside(content, depth)), after

    def _inside(self, content: bytes, depth: int) -> t.Tuple[Node, ...]:
        """Return the fields in an octet string; nothing if it holds something else."""
        if content[:1] != bytes([der.SEQUENCE]):
            return ()
        try:
            return tuple(self.fields(content, 0, len(content), depth + 1)[0])
        except TooComplexError:
            raise
        except ValueError:
            return ()
