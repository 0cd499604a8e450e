"""Jobs of Slurm, by answers that a real one gave: rows, states, the shared poll, attempts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
from fake_slurm import DOWN, FakeSlurm, answer
from logdex import slurm
from logdex.slurm import ask
from logdex.slurm.ask import Bell, CommandResult, Poll, run_here
from logdex.slurm.ending import JobEnding
from logdex.slurm.ids import JobId, parse
from logdex.slurm.rows import of_sacct, of_scontrol

RECORDED = {
    # name: (job, states by part, whether it is over at the first look)
    "running": (1000, {"1000": "RUNNING"}, False),
    "requeued": (1000, {"1000": "PENDING"}, False),
    "restarted": (1000, {"1000": "RUNNING"}, False),
    "node_fail": (1000, {"1000": "PENDING"}, False),
    "after_node_fail": (1000, {"1000": "RUNNING"}, False),
    "cancelled": (1000, {"1000": "CANCELLED"}, True),
    "failed": (1004, {"1004": "FAILED"}, True),
    "odd": (1005, {"1005": "COMPLETED"}, True),
    "array": (1001, {"1001_0": "RUNNING", "1001_1": "RUNNING", "1001_2": "PENDING"}, False),
    "array_done": (1001, {"1001_0": "COMPLETED", "1001_1": "COMPLETED", "1001_2": "COMPLETED"}, True),
    "het": (1006, {"1006+0": "RUNNING", "1006+1": "RUNNING"}, False),
    "het_done": (1006, {"1006+0": "COMPLETED", "1006+1": "COMPLETED"}, True),
}


class Clock:
    """A clock that stands until it is set on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def poll_of(fake: FakeSlurm, clock: Clock, job: int = 1000) -> Poll:
    """A poll whose questions are put at once, on the thread that finds them due."""
    return Poll(JobId(job), fake, clock=clock, start=lambda work: work())


@pytest.mark.parametrize(
    ("text", "job"),
    [("12345", JobId(12345)), ("12345_7", JobId(12345, 7)), ("12345+1", JobId(12345, None, 1))],
)
def test_ids_are_read_and_written_as_slurm_does(text: str, job: JobId) -> None:
    assert (parse(text), str(job)) == (job, text)


@pytest.mark.parametrize("text", ["", "x", "12345_", "12345.0", "12345_[1-2]", " 1", "١٢", "1\n"])
def test_what_is_no_id_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a Slurm job"):
        parse(text)


@pytest.mark.parametrize("name", RECORDED)
def test_the_states_of_all_parts(name: str) -> None:
    _, states, _ = RECORDED[name]
    rows = of_scontrol(answer(f"{name}.scontrol"))
    assert {str(row.id): row.state for row in rows} == states


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_over_and_what_is_not(name: str) -> None:
    job, _, over = RECORDED[name]
    assert poll_of(FakeSlurm(name), Clock(), job).told().over is over


def test_names_and_paths_may_hold_anything() -> None:
    (row,) = of_scontrol(answer("odd.scontrol"))
    assert (row.id, row.name, row.stdout) == (JobId(1005), "odd name=x JobId=7", "/home/ada/run/out 1005.txt")
    (row,) = of_sacct(answer("odd.sacct"))
    assert (row.name, row.directory, row.exit) == ("odd name=x JobId=7", "/home/ada/run", 0)


def test_a_signal_is_a_negative_exit() -> None:
    (row,) = of_scontrol(answer("cancelled.scontrol"))
    assert row.exit == -15


@pytest.mark.parametrize("text", ["", "\n\n", "garbage", "JobId=", "=\n", "JobId=1", "JobId=x JobName="])
def test_any_text_is_no_job_or_one_of_which_little_is_known(text: str) -> None:
    assert len(of_scontrol(text)) <= 1
    assert of_sacct(text) == []


def test_a_thousand_followers_ask_at_most_once_in_five_seconds() -> None:
    fake, clock = FakeSlurm("running"), Clock()
    poll = poll_of(fake, clock)
    poll.told()
    followers = [JobEnding(poll) for _ in range(1000)]
    for _ in range(600):  # a minute, in which each asks ten times a second
        clock.now += 0.1
        assert not any(one() for one in followers)
    assert len(fake.asked) in (12, 13)


def test_who_asks_again_and_again_waits_for_no_more_than_one_answer_in_five_seconds() -> None:
    fake, clock = FakeSlurm("running"), Clock()
    poll = poll_of(fake, clock)
    for _ in range(600):
        clock.now += 0.1
        assert not poll.fresh().over
    assert len(fake.asked) in (12, 13)


def test_a_job_that_is_over_and_requeued_by_hand_is_not_over() -> None:
    fake, clock = FakeSlurm("cancelled"), Clock()
    poll = poll_of(fake, clock)
    assert poll.fresh().over
    fake.state = "requeued"
    clock.now += 5
    assert not poll.fresh().over


def test_polls_are_kept_between_questions() -> None:
    first = ask.poll_of(JobId(4711))
    known = id(first)
    del first
    assert id(ask.poll_of(JobId(4711))) == known
    assert ask.poll_of(JobId(4711), "far") is not ask.poll_of(JobId(4711))


def test_threads_that_begin_together_put_one_question() -> None:
    asked: list[Sequence[str]] = []
    begun, go = threading.Event(), threading.Event()

    def slow(command: Sequence[str]) -> CommandResult:
        asked.append(command)
        begun.set()
        go.wait(60)
        return CommandResult(0, answer("running.scontrol"), "")

    poll = Poll(JobId(1000), slow)
    threads = [threading.Thread(target=poll.told) for _ in range(20)]
    for one in threads:
        one.start()
    begun.wait(60)
    go.set()
    for one in threads:
        one.join(60)
    assert len(asked) == 1


def test_nobody_waits_for_a_slurm_that_does_not_answer() -> None:
    """Who reads gets the last answer while the next is on its way."""
    fake, clock = FakeSlurm("running"), Clock()
    later: list[Callable[[], None]] = []
    poll = Poll(JobId(1000), fake, clock=clock, start=later.append)
    poll.told()
    clock.now += 5
    fake.state = "cancelled"
    ending = JobEnding(poll)
    rung: list[bool] = []
    ending.ring_with(lambda: rung.append(True))
    assert [ending() for _ in range(100)] == [False] * 100
    assert len(later) == 1
    later.pop()()
    assert (rung, ending()) == ([True], True)


def test_a_requeue_is_noticed_by_the_next_poll_and_is_no_end() -> None:
    fake, clock = FakeSlurm("running"), Clock()
    poll = poll_of(fake, clock)
    ending = JobEnding(poll)
    assert not ending()
    for state, restarts in (("requeued", 1), ("restarted", 1), ("node_fail", 2), ("after_node_fail", 2)):
        fake.state = state
        clock.now += 5
        ending()
        assert (poll.latest().rows[0].restarts, ending()) == (restarts, False)
    fake.state = "cancelled"
    clock.now += 5
    ending()
    assert ending()


@pytest.mark.parametrize("state", ["NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "REQUEUED"])
def test_an_end_after_which_it_may_start_again_is_believed_at_the_second_look(state: str) -> None:
    said = answer("cancelled.scontrol").replace("JobState=CANCELLED", f"JobState={state}")
    clock, asked = Clock(), [said, answer("requeued.scontrol"), said, said]
    poll = Poll(
        JobId(1000), lambda _: CommandResult(0, asked.pop(0), ""), clock=clock, start=lambda work: work()
    )
    seen = []
    for _ in range(4):
        poll.latest()
        seen.append(poll.latest().over)
        clock.now += 5
    assert seen == [False, False, False, True]


def test_without_requeue_the_end_is_the_end() -> None:
    said = answer("cancelled.scontrol").replace("JobState=CANCELLED", "JobState=NODE_FAIL")
    said = said.replace("Requeue=1", "Requeue=0")
    assert Poll(JobId(1000), lambda _: CommandResult(0, said, "")).told().over


def test_a_state_of_a_later_slurm_is_no_end() -> None:
    said = answer("running.scontrol").replace("JobState=RUNNING", "JobState=PONDERING")
    assert not Poll(JobId(1000), lambda _: CommandResult(0, said, "")).told().over


def test_what_the_controller_has_forgotten_the_accounts_know() -> None:
    fake = FakeSlurm("cancelled")
    fake.forgotten = True
    told = poll_of(fake, Clock()).told()
    assert (told.over, told.rows[-1].state, len(told.rows)) == (True, "CANCELLED by 0", 3)


def test_accounts_that_lag_behind_the_end_are_asked_twice() -> None:
    """The controller no more knows the job, and the accounts still call it running."""
    fake, clock = FakeSlurm("running"), Clock()
    fake.forgotten = True
    poll = poll_of(fake, clock)
    assert not poll.told().over
    clock.now += 5
    poll.latest()
    assert poll.latest().over
    assert [one[0] for one in fake.asked] == ["scontrol", "sacct", "sacct"]


def test_without_accounting_a_job_that_is_forgotten_is_over() -> None:
    fake, clock = FakeSlurm("running"), Clock()
    fake.accounting = False
    poll = poll_of(fake, clock)
    assert not poll.told().over
    fake.forgotten = True
    clock.now += 5
    poll.latest()
    assert (poll.latest().over, poll.latest().unknown) == (True, False)


def test_a_job_that_nobody_knows_is_over() -> None:
    told = poll_of(FakeSlurm("unknown"), Clock(), 999999).told()
    assert (told.over, told.unknown, told.rows) == (True, True, ())


def test_a_controller_that_is_down_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    fake, clock = FakeSlurm("running"), Clock()
    fake.accounting = False
    poll = poll_of(fake, clock)
    poll.told()
    fake.down = "scontrol: error: fetch_config: DNS SRV lookup failed\n" + DOWN
    for _ in range(5):
        clock.now += 5
        poll.latest()
        assert not poll.latest().over
    (said,) = [one.getMessage() for one in caplog.records if "Slurm cannot be asked" in one.getMessage()]
    assert f"({DOWN.strip()})" in said
    assert poll.latest().rows[0].state == "RUNNING"


def test_while_the_controller_is_down_the_accounts_tell_of_an_end() -> None:
    fake, clock = FakeSlurm("requeued"), Clock()
    fake.down = DOWN
    poll = poll_of(fake, clock)
    for _ in range(3):
        assert not poll.latest().over
        clock.now += 5
    fake.state = "cancelled"
    poll.latest()
    assert poll.latest().over


def test_where_there_is_no_slurm_nothing_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run_here(["scontrol", "show"]) == CommandResult(127, "", "scontrol: not found")
    told = Poll(JobId(1)).told()
    assert (told.over, "not found" in told.trouble) == (False, True)


def test_a_bell_is_forgotten_with_who_waits() -> None:
    poll = poll_of(FakeSlurm("running"), Clock())
    ending = JobEnding(poll)
    assert len(poll._rings) == 1
    del ending
    assert len(poll._rings) == 0
    assert Bell().ring() is None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-29T{text}")


def test_attempts_are_those_of_the_accounts_and_what_the_controller_knows_of_the_last() -> None:
    found = slurm.attempts("1000", run=FakeSlurm("after_node_fail"))
    assert [(one.number, one.state, one.start, one.end) for one in found] == [
        (0, "REQUEUED", moment("00:18:51"), moment("00:18:57")),
        (1, "NODE_FAIL", moment("00:19:03"), moment("00:19:10")),
        (2, "RUNNING", moment("00:19:16"), None),
    ]


def test_an_attempt_that_the_accounts_do_not_know_yet() -> None:
    found = slurm.attempts(1000, run=FakeSlurm("requeued"))
    assert [(one.number, one.state) for one in found] == [(0, "REQUEUED"), (1, "PENDING")]


def test_attempts_without_accounting_are_the_last_with_its_number() -> None:
    fake = FakeSlurm("after_node_fail")
    fake.accounting = False
    assert [(one.number, one.state) for one in slurm.attempts(1000, run=fake)] == [(2, "RUNNING")]


def test_attempts_of_parts() -> None:
    fake = FakeSlurm("array_done")
    assert [one.job for one in slurm.attempts("1001", run=fake)] == ["1001_0", "1001_1", "1001_2"]
    assert [one.job for one in slurm.attempts("1001_1", run=fake)] == ["1001_1"]
    assert [one.exit for one in slurm.attempts("1004", run=FakeSlurm("failed"))] == [3]


def test_attempts_of_a_job_that_is_not_known() -> None:
    with pytest.raises(LookupError, match=r"slurm:999999: nothing is known of this job \(.*Invalid job id"):
        slurm.attempts(999999, run=FakeSlurm("unknown"))
