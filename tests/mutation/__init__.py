# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation tests with mutmut: module_utils is broken in small ways, and the unit tests must notice.

mutmut 3 names a mutant by the path of its file, and finds the tests of a function by the name under which they import
its module. The two agree only where the sources lie at ``ansible_collections/hopsworks/kafka``, so mutmut runs in
``.build/collections``, where a link makes the checkout lie there.

cosmic-ray 8 was not tried: it starts the test command anew for each mutant, in one process at a time, with no knowledge
of which tests run the mutated line.

plugin.py     leaves out what a mutant must not cost: Java processes, downloads, hundreds of examples
__main__.py   draws the sample, runs mutmut, prints the score of each room
"""
