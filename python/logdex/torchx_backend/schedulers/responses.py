"""A verdict on an app, in TorchX's words."""

import json
import os
from contextlib import suppress

from torchx.schedulers.api import DescribeAppResponse
from torchx.specs.api import NONE, AppState, ReplicaStatus, Role, RoleStatus

from logdex.jobs import JobRecord, Replica, Verdict
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
    answer.roles = [Role(name=role, image="", num_replicas=len(many)) for role, many in record.roles.items()]
    answer.roles_statuses = [
        RoleStatus(role, [_replica(role, k, one, answer.state, record) for k, one in enumerate(many)])
        for role, many in verdict.roles.items()
    ]
    return answer


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
