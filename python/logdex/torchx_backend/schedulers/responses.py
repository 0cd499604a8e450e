"""A verdict on an app, in TorchX's words."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

from torchx.schedulers.api import DescribeAppResponse
from torchx.specs.api import (
    NONE,
    AppState,
    ReplicaStatus,
    Resource,
    RetryPolicy,
    Role,
    RoleStatus,
)

from logdex.jobs import JobRecord, Replica, Verdict
from logdex.jobs.record import MALFORMED
from logdex.jobs.verdict import modified


def response(record: JobRecord, verdict: Verdict) -> DescribeAppResponse:
    """Describes an app from its record, wherever it was launched."""
    answer = DescribeAppResponse(
        app_id=record.app_id,
        num_restarts=0,
        structured_error_msg=first_error(record),
        ui_url=f"file://{record.log_dir}",
    )
    return fill(answer, record, verdict)


def fill(answer: DescribeAppResponse, record: JobRecord, verdict: Verdict) -> DescribeAppResponse:
    """Adds to a response what TorchX leaves out: the verdict, the roles and how many replicas they have."""
    answer.state = app_state(verdict.state)
    answer.msg = verdict.message
    told = roles_of(record.app)
    answer.roles = [
        told.get(role) or Role(name=role, image="", num_replicas=len(many))
        for role, many in record.roles.items()
    ]
    answer.roles_statuses = [
        RoleStatus(role, [_replica(role, k, one, answer.state, record) for k, one in enumerate(many)])
        for role, many in verdict.roles.items()
    ]
    return answer


def roles_of(app: Mapping[str, Any] | None) -> dict[str, Role]:
    """The roles of an AppDef that a record keeps, by name, as far as the installed TorchX knows what it says."""
    kept = (app or {}).get("roles")
    found = {}
    for values in kept if isinstance(kept, list) else []:
        with suppress(*MALFORMED):
            role = _role(dict(values))
            found[role.name] = role
    return found


def _role(values: dict[str, Any]) -> Role:
    known = {one.name for one in fields(Role)} - {"mounts", "base_image", "overrides"}
    given = {name: value for name, value in values.items() if name in known and value is not None}
    if not isinstance(given["name"], str) or not isinstance(given.get("num_replicas", 1), int):
        raise ValueError(f"{given['name']!r} is no role")
    resource = given.pop("resource", None)
    if isinstance(resource, dict):
        told = {one.name for one in fields(Resource)}
        given["resource"] = Resource(**{name: one for name, one in resource.items() if name in told})
    policy = RetryPolicy.__members__.get(str(given.pop("retry_policy", "")))
    return Role(**given, **({} if policy is None else {"retry_policy": policy}))


def _replica(role: str, k: int, one: Replica, app: AppState, record: JobRecord) -> ReplicaStatus:
    return ReplicaStatus(id=k, state=_replica_state(one, app), role=role, hostname=record.host.name)


def _replica_state(one: Replica, app: AppState) -> AppState:
    if one.exit is None:
        return app
    if one.exit == 0:
        return AppState.SUCCEEDED
    return AppState.CANCELLED if app == AppState.CANCELLED else AppState.FAILED


def app_state(name: str) -> AppState:
    """A state that a later release has and this one has not is not terminal, and not unknown either."""
    return AppState.__members__.get(name, AppState.RUNNING)


def first_error(record: JobRecord) -> str:
    """What the replica that failed first wrote into its error file; what is no JSON does not count."""
    files = [one.error_file for _, _, one in record.replicas() if os.path.isfile(one.error_file)]
    for path in sorted(files, key=lambda path: modified(path) or 0.0):
        with suppress(OSError, ValueError, RecursionError), open(path) as file:
            return json.dumps(json.load(file))
    return str(NONE)
