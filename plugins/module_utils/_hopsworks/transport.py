# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""How Hopsworks is reached: the authorities, read once for all sessions, and the proxies, once for each.

The authorities of a system are some 140 certificates. To read them takes 14 ms, which is longer than a request, and
the library does it for each connection.
"""

from __future__ import annotations

import os
import ssl
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

REQUESTS_ERROR: t.Optional[ImportError] = None
try:
    import requests
    import requests.adapters
    import requests.utils
    import urllib3
    from urllib3.util.ssl_ import create_urllib3_context
except ImportError as error:
    REQUESTS_ERROR = error
else:

    class _Adapter(requests.adapters.HTTPAdapter):
        """Connections that are verified by one context, whatever a session says. One connection is kept open."""

        def __init__(self, context: ssl.SSLContext) -> None:
            self._context = context
            super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

        def init_poolmanager(self, *sizes: t.Any, **named: t.Any) -> None:
            super().init_poolmanager(*sizes, ssl_context=self._context, **named)

        def proxy_manager_for(self, proxy: str, **named: t.Any) -> t.Any:
            if proxy.lower().startswith("https:"):
                named["proxy_ssl_context"] = self._context
            return super().proxy_manager_for(proxy, ssl_context=self._context, **named)

        def build_connection_pool_key_attributes(self, request: t.Any, *_verify: t.Any) -> t.Any:
            place, _tls = super().build_connection_pool_key_attributes(request, True)
            return place, {}

        def cert_verify(self, *_given: t.Any) -> None:
            """The context does."""


#: The bundles of whole systems have less than 1 MB.
_MAX_BUNDLE = 16 * 1024 * 1024
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def tls_context(validate_certs: bool, ca_path: t.Optional[str]) -> ssl.SSLContext:
    """How a server is verified. Threads may share it.

    :param ca_path: the authorities, a file or a folder; else those that the environment names, as for any program
        that uses ``requests``; else those that come with it.
    :raises InputError: there are no certificates.
    """
    context = create_urllib3_context()
    # urllib3 sets them with each connection, which frees a list that another thread may be reading
    # (https://github.com/python/cpython/issues/141012).
    context.set_alpn_protocols(["http/1.1"])
    context.set_alpn_protocols = lambda alpn_protocols: None  # type: ignore[method-assign]
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    given = [("option ca_path", ca_path)]
    given += [(f"environment variable {name}", os.environ.get(name)) for name in _BUNDLES]
    given += [("requests", requests.utils.DEFAULT_CA_BUNDLE_PATH)]
    where, path = next((where, path) for where, path in given if path)
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            with regular_files.opened(path, _MAX_BUNDLE) as descriptor:
                context.load_verify_locations(cafile=f"/dev/fd/{descriptor}")
    except OSError as error:
        cause = "it holds no certificate" if isinstance(error, ssl.SSLError) else f"it cannot be read: {error.strerror}"
        remedy = "Give a file of certificates in PEM, and check the rights of who runs this"
        raise InputError(f"{where}, {path}", cause, remedy) from None
    return context


def open_session(url: str, context: ssl.SSLContext) -> requests.Session:
    """A session of one thread.

    :param url: of Hopsworks. What the environment says of proxies is read for it here, not with each request.
    """
    session = requests.Session()
    session.mount("https://", _Adapter(context))
    session.proxies.update(requests.utils.get_environ_proxies(url))
    session.trust_env = False  # a .netrc must not replace the API key
    if context.verify_mode == ssl.CERT_NONE:
        session.verify = False
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session
