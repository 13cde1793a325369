# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.configs``: write the tables of configurations from what the clients themselves say."""

from __future__ import annotations

from tests.configs import java, librdkafka


def main() -> None:
    for table in (java, librdkafka):
        table.FILE.write_text(table.generate())
        print(f"wrote {table.FILE}")


if __name__ == "__main__":
    main()
