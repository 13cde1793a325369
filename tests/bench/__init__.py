"""Figures, both sides measured in one run. ``python -m tests.bench [projects] [scale] [probe] [hosts]``."""

from tests.conftest import link_collection

link_collection()  # before anything of it is imported
