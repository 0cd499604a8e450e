"""What Slurm says of a job, in TorchX's words."""

from __future__ import annotations

from torchx.schedulers.api import DescribeAppResponse, ListAppResponse
from torchx.specs.api import AppState, ReplicaStatus, Role, RoleStatus

from logdex.slurm.ask import Told
from logdex.slurm.rows import Row
from logdex.slurm.states import app_state, last_attempts, of_all
from logdex.torchx_backend.schedulers import compat


def replica_of(row: Row) -> tuple[str, int] | None:
    """The role and the replica that a part of a job is, by the name that TorchX gave it."""
    role, _, number = row.name.rpartition("-")
    return (role, int(number)) if role and number.isascii() and number.isdecimal() else None


def response(app_id: str, told: Told) -> DescribeAppResponse:
    """Describes a job."""
    rows = last_attempts(told.rows)
    roles: dict[str, Role] = {}
    statuses: dict[str, RoleStatus] = {}
    for row in rows:
        if (replica := replica_of(row)) is None:
            continue
        name, number = replica
        state = AppState[app_state(row.state, over=told.over)]
        roles.setdefault(name, Role(name=name, image="", num_replicas=0)).num_replicas += 1
        statuses.setdefault(name, RoleStatus(name, [])).replicas.append(
            ReplicaStatus(id=number, role=name, state=state, hostname=row.nodes)
        )
    return DescribeAppResponse(
        app_id=app_id,
        roles=list(roles.values()),
        roles_statuses=list(statuses.values()),
        state=AppState[of_all([app_state(row.state, over=told.over) for row in rows])],
        msg=", ".join(dict.fromkeys(_in_words(row) for row in rows)),
        num_restarts=max((row.restarts for row in rows), default=0),
    )


def _in_words(row: Row) -> str:
    return f"{row.state} ({row.reason})" if row.reason else row.state


def listed(accounts: str, controller: str) -> list[ListAppResponse]:
    """Jobs from lines of `id|state|name`, the parts of a job as one.

    Of a part that both know the controller's word counts. What the accounts say of all tasks that wait is late where
    the controller tells of the job.
    """
    states, now = _states_of(accounts), _states_of(controller)
    for app_id, parts in now.items():
        known = states.setdefault(app_id, {})
        states[app_id] = {part: state for part, state in known.items() if "[" not in part} | parts
    return [
        compat.listed(app_id, AppState[of_all(each.values())])
        for app_id, each in sorted(states.items(), key=_by_number)
    ]


def _by_number(item: tuple[str, dict[str, str]]) -> int:
    return int(item[0])


def _states_of(text: str) -> dict[str, dict[str, str]]:
    """Of each job the states of its parts, by their ids."""
    states: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        number, _, rest = line.partition("|")
        whole = number.partition("+")[0].partition("_")[0]
        if whole.isascii() and whole.isdecimal():
            states.setdefault(whole, {})[number] = app_state(rest.partition("|")[0])
    return states
