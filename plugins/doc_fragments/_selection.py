# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Which projects a task is for.

    Keep in step with ``selection_arguments`` in ``module_utils/_hopsworks/arguments.py``.
    """

    DOCUMENTATION = r"""
options:
  project_query:
    description:
      - A JMESPath expression that is applied to the list of projects of which the user of the API key is a member.
        It gives projects, or their names.
      - A project has C(name), C(id), C(role) (V(Data owner) or V(Data scientist)), C(owner) (an email address) and
        C(created), and besides all that the server says of it in C(project) and C(user).
      - Projects in which the user is not Data owner are left out, and counted in the result.
      - It is an error if it matches nothing.
      - Needs the Python library C(jmespath).
    type: str
  exclude:
    description:
      - Projects to leave out, by name or by shell pattern.
    type: list
    elements: str
    default: []
  slice:
    description:
      - Only a part of the projects, for jobs that share the work. The slices of all indexes are disjoint and
        complete.
      - Which slice a project is in follows from its id alone, so that projects that come or go move no other.
    type: dict
    suboptions:
      index:
        description:
          - Which slice, from 0 on.
        type: int
        required: true
      count:
        description:
          - How many slices there are.
        type: int
        required: true
"""
