# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation tests with mutmut: module_utils is broken in small ways, and the unit tests must notice.

mutmut 3 names a mutant by the path of its file, and finds the tests of a function by the name under which they import
its module. The two agree only where the sources lie at ``ansible_collections/hopsworks/kafka``, so mutmut runs in
``.build/collections``, where a link makes the checkout lie there.

cosmic-ray 8 was not tried: it starts the test command anew for each mutant, in one process at a time, with no knowledge
of which tests run the mutated line.

A mutant is noticed when a unit test fails, and by nothing else:

- The tests are those of tests/unit without the emulator's own. Integration, probe and host tests are left out: they
  start Ansible, brokers or hosts, which takes seconds each and runs the code in processes where no mutant is active.
  What only they cover counts as not noticed.
- mutmut measures which tests run a function, in this process and in its forks. Only these run: those of the mutant's
  own room first, the fastest first, and up to 20 seconds by that measure.
- A test that takes 30 seconds and 20 times its usual time is ended. That counts as noticed only if the mutant hangs
  again with nothing beside it. No test at all, or mutmut's own time limit, is never counted as noticed.
- The sample is drawn from the mutants of all rooms with a seed, so a run can be repeated. Not mutated are lines with a
  text for people (mutmut leaves out whole lines), code outside of functions, and the tables of settings that are
  generated from Kafka's clients.

plugin.py     chooses and orders the tests, bounds them, leaves out Java and hundreds of examples
__main__.py   makes the mutants, draws the sample, runs mutmut, prints the score of each room
"""
