"""The one table of routes, to which every module of this package adds its own."""

from __future__ import annotations

from tests.emulator.routing import Router

ROUTER = Router()
route = ROUTER.route
