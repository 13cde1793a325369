# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Compare all projects of a cluster with those that a rollout reaches. Pure functions.

OnlineFS has one Kafka. What the clients of a project write to another one is read by nobody, and no part of Hopsworks
reports it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import bootstrap_addresses
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import DATA_OWNER, DONE, Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.release import FIRST_RELEASE, too_old
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import RequestError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.rights import (
    ADMIN,
    FEATURESTORE,
    PROJECT_SCOPES,
    Rights,
)

from .project_outcome import NO_FEATURE_STORE, NOT_DONE, WITHOUT_STORE

#: The number of projects that one line names. The results have all of them.
MAX_NAMED = 20

NOT_A_MEMBER = "not_a_member"
NOT_OWNED = "not_owned"
NOT_CHOSEN = "not_chosen"
OWN_BROKERS = "own_brokers"
NOT_READABLE = "not_readable"

#: Nobody writes rows in such a project yet, so OnlineFS cannot miss any. The next run reaches it.
HARMLESS = (NOT_DONE, NO_FEATURE_STORE)

#: What each group of projects is called in a line for a person.
_GROUPS: t.Mapping[str, str] = {
    NOT_CHOSEN: "not chosen",
    NOT_OWNED: "user of the API key not Data owner",
    NOT_A_MEMBER: "user of the API key no member",
    OWN_BROKERS: "brokers of their own",
    NOT_READABLE: "not readable",
    NO_FEATURE_STORE: "no feature store yet",
    NOT_DONE: "not created completely",
}


@dataclasses.dataclass(frozen=True)
class ProjectFacts:
    """What is known of one project.

    :param project: with the role of the API key's user in it.
    :param chosen: the rollout is for it.
    :param declared: the bootstrap servers declared for it; None if no declaration is given.
    :param has_store: whether it has a feature store; None if that was not read.
    :param found: the bootstrap servers of the connector that it has; None if it has none, or that was not read.
    :param error: why it could not be read.
    :param attempted: False if nothing was read because others failed for a reason that holds for all.
    """

    project: Project
    chosen: bool
    declared: t.Optional[str] = None
    has_store: t.Optional[bool] = None
    found: t.Optional[str] = None
    error: t.Optional[str] = None
    attempted: bool = True


@dataclasses.dataclass(frozen=True)
class Rollout:
    """What a rollout does in every project.

    :param servers: the declared bootstrap servers; None if no declaration is given.
    :param keep: connectors that differ from the declaration are left as they are.
    """

    servers: t.Optional[str] = None
    keep: bool = False


@dataclasses.dataclass(frozen=True)
class Reach:
    """Whether a rollout reaches a project.

    :param reason: why it does not; None if it does.
    :param message: the same for a person.
    :param missing_rights: what the user of the key lacks for the work in this project. Empty for a project that the
        rollout is not for.
    """

    project: str
    reason: t.Optional[str] = None
    message: str = ""
    missing_rights: t.Tuple[str, ...] = ()

    @property
    def left_behind(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``left_behind``."""
        return {"project": self.project, "reason": self.reason, "message": self.message}

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``projects``."""
        return {
            "project": self.project,
            "reached": self.reason is None,
            "reason": self.reason,
            "message": self.message,
            "missing_rights": list(self.missing_rights),
        }


def needs_connector(project: Project, chosen: bool, rollout: Rollout) -> bool:
    """Tell whether it depends on the connector of a project whether it is reached.

    A project that the rollout does not write to is reached all the same if its connector names the declared Kafka. One
    that it does write to is not if a connector with other servers is to be kept.
    """
    if rollout.servers is None or project.role is None:
        return False
    return rollout.keep or not chosen or project.role != DATA_OWNER


def reach(facts: ProjectFacts, rollout: Rollout, rights: Rights) -> Reach:
    """Tell whether a rollout reaches a project."""
    project = facts.project
    reason, message = _reason(facts, rollout)
    missing: t.Tuple[str, ...] = ()
    if facts.chosen and reason not in HARMLESS:
        missing = () if project.role == DATA_OWNER else (DATA_OWNER,)
        missing += tuple(scope for scope in PROJECT_SCOPES if scope in rights.missing)
    return Reach(project.name, reason, message, missing)


def _reason(facts: ProjectFacts, rollout: Rollout) -> t.Tuple[t.Optional[str], str]:
    project = facts.project
    not_done = project.not_done()
    if not_done is not None:
        return NOT_DONE, not_done
    if project.role is None:
        return NOT_A_MEMBER, "the user of the API key is not a member of this project"
    if facts.has_store is False:
        return NO_FEATURE_STORE, WITHOUT_STORE
    if not (facts.chosen and project.role == DATA_OWNER):
        if facts.found is not None and _same_cluster(facts.found, rollout.servers):
            return None, "its connector names the declared Kafka already"
        if project.role != DATA_OWNER:
            return NOT_OWNED, f"the user of the API key is {project.role} in this project, not {DATA_OWNER}"
        return NOT_CHOSEN, "this project is not among those that were chosen"
    if facts.error is not None:
        return NOT_READABLE, f"it could not be read: {facts.error}"
    if facts.declared is not None and not _same_cluster(facts.declared, rollout.servers):
        return OWN_BROKERS, "the declaration gives this project bootstrap servers of its own"
    if rollout.keep and facts.found is not None and not _same_cluster(facts.found, rollout.servers):
        return OWN_BROKERS, "its connector, which is to be kept, names other bootstrap servers"
    return None, ""


def _same_cluster(one: str, other: t.Optional[str]) -> bool:
    """Tell whether two lists of bootstrap servers are of the same cluster: one server in common is enough."""
    return other is None or bool(bootstrap_addresses(one) & bootstrap_addresses(other))


class Problem(t.NamedTuple):
    """Something that makes the rollout fail.

    :param projects: those that it concerns; empty if it concerns all.
    """

    reason: str
    message: str
    remedy: str
    projects: t.Tuple[str, ...] = ()

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``problems``."""
        return {**self._asdict(), "projects": list(self.projects)}


def problems(
    reached: t.Sequence[Reach], facts: t.Sequence[ProjectFacts], release: t.Optional[str], rights: Rights, part: bool
) -> t.List[Problem]:
    """Return what makes the rollout fail, each cause once.

    :param reached: of the same projects as the facts.
    :param part: the projects are a slice, so there may be none.
    """
    chosen = [(one, of) for one, of in zip(reached, facts) if of.chosen]
    found = [*release_problems(release), *_rights_problems(rights), *_owner_problems(chosen)]
    if not chosen and not part:
        found.append(
            Problem(
                "no_projects",
                "The user of the API key is Data owner of none of the selected projects",
                "Make that user a Data owner of them",
            )
        )
    # The scope that is missing says it already.
    return found if FEATURESTORE in rights.missing else [*found, *_read_problems(chosen)]


def release_problems(release: t.Optional[str]) -> t.Iterator[Problem]:
    """Yield why this release of Hopsworks cannot use an external Kafka, if so."""
    if release is None:
        yield Problem(
            "release_unknown",
            "Hopsworks did not name its release",
            "Check host and port, and that GET /variables/versions is answered",
        )
    elif too_old(release):
        first = ".".join(map(str, FIRST_RELEASE))
        yield Problem(
            "release_too_old",
            f"Hopsworks {release} cannot use an external Kafka: bring-your-own-Kafka starts with {first}",
            f"Upgrade Hopsworks to {first} or later first",
        )


def _rights_problems(rights: Rights) -> t.Iterator[Problem]:
    if rights.service_user:
        yield Problem(
            "service_user",
            "The API key belongs to a service user, which may not write connectors",
            "Use the API key of a person or a service account with the role HOPS_USER",
        )
    if rights.missing:
        plural = "s" if len(rights.missing) > 1 else ""
        yield Problem(
            "missing_scope",
            f"The API key lacks the scope{plural} {', '.join(rights.missing)}",
            f"Create a key that also has the scope{plural} {', '.join(rights.missing)}",
        )
    if rights.not_admin:
        yield Problem(
            "not_admin",
            f"The user of the API key is not an administrator, so the key cannot set the cluster variable ({ADMIN})",
            "Use an administrator's key with the scope ADMIN, or let an administrator run hopsworks.kafka.settings and "
            "skip that part with --skip-tags settings",
        )
    for scope, error in rights.unknown:
        yield Problem(
            "rights_unknown", f"Whether the API key has the scope {scope} is not known: {error.cause}", error.remedy
        )


def _owner_problems(chosen: t.Sequence[t.Tuple[Reach, ProjectFacts]]) -> t.Iterator[Problem]:
    lacking = tuple(one.project for one, of in chosen if of.project.role != DATA_OWNER and of.project.status == DONE)
    if lacking:
        yield Problem(
            "not_data_owner",
            f"The user of the API key is not Data owner of {named(lacking)}",
            "Make that user a Data owner there; an administrator needs that too",
            lacking,
        )


def _read_problems(chosen: t.Sequence[t.Tuple[Reach, ProjectFacts]]) -> t.Iterator[Problem]:
    """Yield a problem for each reason for which projects could not be read."""
    unreadable: t.Dict[str, t.List[str]] = {}
    for one, of in chosen:
        if one.reason == NOT_READABLE and of.attempted:
            unreadable.setdefault(str(of.error), []).append(one.project)
    for error, projects in unreadable.items():
        yield Problem(NOT_READABLE, f"{named(projects)}: {error}", "Fix that, then run again", tuple(projects))


def left_behind(reached: t.Sequence[Reach]) -> t.List[Reach]:
    """Return the projects that the rollout does not reach."""
    return [one for one in reached if one.reason is not None]


def blocking(reached: t.Sequence[Reach]) -> t.List[str]:
    """Return the projects that are left behind and whose rows OnlineFS would miss."""
    return [one.project for one in left_behind(reached) if one.reason not in HARMLESS]


def left_behind_message(reached: t.Sequence[Reach]) -> str:
    """Return the projects that are left behind in one sentence, by reason; empty if there are none."""
    groups: t.Dict[str, t.List[str]] = {reason: [] for reason in _GROUPS}
    for one in left_behind(reached):
        groups[str(one.reason)].append(one.project)
    parts = [f"{_GROUPS[reason]}: {named(projects)}" for reason, projects in groups.items() if projects]
    count = sum(len(projects) for projects in groups.values())
    if not count:
        return ""
    return f"This rollout does not reach {count} project{'' if count == 1 else 's'} of the cluster. {_sentences(parts)}"


def _sentences(parts: t.Sequence[str]) -> str:
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "."


def named(projects: t.Sequence[str]) -> str:
    """Return names for a line of bounded length."""
    more = f" and {len(projects) - MAX_NAMED} more" if len(projects) > MAX_NAMED else ""
    return ", ".join(projects[:MAX_NAMED]) + more


def unknown_message(error: RequestError) -> str:
    """Return why it is not known which projects are left behind."""
    return f"Whether projects of the cluster are left behind is not known: {error}"
