# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This doc fragment is PRIVATE to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options that select the projects of a task.

    Keep in step with ``selection_arguments`` in ``module_utils/_hopsworks/arguments.py``.
    """

    DOCUMENTATION = r"""
options:
  project_query:
    description:
      - A JMESPath expression over the list of projects of which the user of the API key is a member. Its result must be
        projects or names of projects.
      - A project has C(name), C(id), C(role) (V(Data owner) or V(Data scientist)), C(owner) (an email address) and
        C(created), and also C(project) and C(user) with everything that the server returns.
      - Projects in which the user is not Data owner are left out, and counted in the result.
      - The task fails if no project matches.
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
      - Only a part of the projects, for jobs that share the work. Together, the slices of all indexes contain every
        project exactly once.
      - The slice of a project depends only on its id, so new and deleted projects do not move others to another slice.
    type: dict
    suboptions:
      index:
        description:
          - The number of the slice, from 0 to C(count) - 1.
        type: int
        required: true
      count:
        description:
          - The number of slices.
        type: int
        required: true
"""
