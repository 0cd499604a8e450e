"""Where logs lie: each layout, the choice of streams, and what is no log."""

import os
from pathlib import Path

import logdex
import pytest
from logdex.inputs.source import Source
from logdex.inputs.sources import sources

FILES: dict[str, list[tuple[str, str, list[str]]]] = {
    # directory: files of a layout, then (label, stream, files of the source)
    "torchx-local": [
        ("s/app/trainer/0/stdout.log s/app/trainer/0/stderr.log s/app/SUCCESS", "", []),
        ("", "trainer/0 stderr", ["s/app/trainer/0/stderr.log"]),
        ("", "trainer/0 stdout", ["s/app/trainer/0/stdout.log"]),
    ],
    "torchx-slurm": [
        (
            "slurm-17-trainer-0.out slurm-17-trainer-0.err slurm-17-trainer-10.out job.sh .jobdirs",
            "",
            [],
        ),
        ("", "trainer/0 stderr", ["slurm-17-trainer-0.err"]),
        ("", "trainer/0 stdout", ["slurm-17-trainer-0.out"]),
        ("", "trainer/10", ["slurm-17-trainer-10.out"]),
    ],
    "nemo-slurm": [
        (
            "sbatch_acct-llama_99.out log-acct-llama_99_0.out log-acct-llama_99_1.out "
            "log-acct-llama_99_10.out configs/x.yaml llama_sbatch.sh _TASKS",
            "",
            [],
        ),
        (
            "",
            "acct-llama",
            ["log-acct-llama_99_0.out", "log-acct-llama_99_1.out", "log-acct-llama_99_10.out"],
        ),
        ("", "acct-llama sbatch", ["sbatch_acct-llama_99.out"]),
    ],
    "nemo-cloud": [
        ("log-allranks_0.out log-allranks_1.out", "", []),
        ("", "allranks", ["log-allranks_0.out", "log-allranks_1.out"]),
    ],
    "torchelastic": [
        (
            "torchelastic/trainer/r_x/attempt_0/0/stdout.log torchelastic/trainer/r_x/attempt_1/0/stdout.log "
            "torchelastic/trainer/r_x/attempt_0/1/stderr.log torchelastic/trainer/r_x/attempt_0/1/error.json",
            "",
            [],
        ),
        (
            "",
            "trainer/r_x/0",
            [
                "torchelastic/trainer/r_x/attempt_0/0/stdout.log",
                "torchelastic/trainer/r_x/attempt_1/0/stdout.log",
            ],
        ),
        ("", "trainer/r_x/1", ["torchelastic/trainer/r_x/attempt_0/1/stderr.log"]),
    ],
    "rank-files": [
        ("rank0.log rank1.log rank10.log node-rank_2.out", "", []),
        ("", "node-rank2", ["node-rank_2.out"]),
        ("", "rank0", ["rank0.log"]),
        ("", "rank1", ["rank1.log"]),
        ("", "rank10", ["rank10.log"]),
    ],
    "ranks-of-matrices": [
        ("lora_rank8.log lora_rank16.log low-rank4.log lora_rank8_rank3.log", "", []),
        ("", "lora_rank16.log", ["lora_rank16.log"]),
        ("", "lora_rank8.log", ["lora_rank8.log"]),
        ("", "lora_rank8_rank3", ["lora_rank8_rank3.log"]),
        ("", "low-rank4.log", ["low-rank4.log"]),
    ],
    "paddle": [
        ("log/workerlog.0 log/workerlog.1 log/workerlog.10 log/endpoints", "", []),
        ("", "workerlog.0", ["log/workerlog.0"]),
        ("", "workerlog.1", ["log/workerlog.1"]),
        ("", "workerlog.10", ["log/workerlog.10"]),
    ],
    "openmpi": [
        (
            "out/1/rank.0/stdout out/1/rank.0/stderr out/prterun-h0-7782@1/rank.3/stderr out/1/rank.0/core",
            "",
            [],
        ),
        ("", "rank 0 stderr", ["out/1/rank.0/stderr"]),
        ("", "rank 0 stdout", ["out/1/rank.0/stdout"]),
        ("", "rank 3", ["out/prterun-h0-7782@1/rank.3/stderr"]),
    ],
    "openmpi-files": [
        ("o.prterun-h0-93@1.0.err o.prterun-h0-93@1.0.out o.prterun-h0-93@1.12.err", "", []),
        ("", "o rank 0 stderr", ["o.prterun-h0-93@1.0.err"]),
        ("", "o rank 0 stdout", ["o.prterun-h0-93@1.0.out"]),
        ("", "o rank 12", ["o.prterun-h0-93@1.12.err"]),
    ],
    "detectron2": [
        ("log.txt log.txt.rank1 metrics.json notes.txt", "", []),
        ("", "log.txt", ["log.txt"]),
        ("", "log.txt.rank1", ["log.txt.rank1"]),
    ],
    "numbered": [
        ("train.out.17654321 train.out.17654322 b.log.20261122 b.log.99999.gz c.log.1234", "", []),
        ("", "b.log", ["b.log.20261122"]),
        ("", "b.log.99999", ["b.log.99999.gz"]),
        ("", "c.log", ["c.log.1234"]),
        ("", "train.out.17654321", ["train.out.17654321"]),
        ("", "train.out.17654322", ["train.out.17654322"]),
    ],
    "text": [
        ("run_1.txt run_2.txt.gz config.yaml", "", []),
        ("", "run_1.txt", ["run_1.txt"]),
        ("", "run_2.txt", ["run_2.txt.gz"]),
    ],
    "plain": [
        (
            "train.log train.log.gz train.log.1 train.log.2.gz notes.txt train.py config.yaml model.pt a.json",
            "",
            [],
        ),
        ("", "train.log", ["train.log.2.gz", "train.log.1", "train.log"]),
    ],
    "rotated": [
        ("rank0.log rank0.log.1 rank0.log.2.gz t/0/stdout.log t/0/stdout.log.1", "", []),
        ("", "rank0", ["rank0.log.2.gz", "rank0.log.1", "rank0.log"]),
        ("", "t/0", ["t/0/stdout.log.1", "t/0/stdout.log"]),
    ],
    "rotated-by-date": [
        ("a.log a.log.2026-11-20 a.log.2026-11-21_02 b.log b.log-20261121 b.log-20261120.gz", "", []),
        ("", "a.log", ["a.log.2026-11-20", "a.log.2026-11-21_02", "a.log"]),
        ("", "b.log", ["b.log-20261120.gz", "b.log-20261121", "b.log"]),
    ],
    "compressed-twice": [
        ("a.log a.log.gz b.log.gz b.log.zst", "", []),
        ("", "a.log", ["a.log"]),
        ("", "b.log", ["b.log.gz"]),
    ],
    "nemo-slurm-with-stderr": [
        ("log-a-l_9_0.out log-a-l_9_0.err log-a-l_9_1.out log-a-l_9_1.err sbatch_a-l_9.err", "", []),
        ("", "a-l stdout", ["log-a-l_9_0.out", "log-a-l_9_1.out"]),
        ("", "a-l stderr", ["log-a-l_9_0.err", "log-a-l_9_1.err"]),
        ("", "a-l sbatch", ["sbatch_a-l_9.err"]),
    ],
    "nemo-docker": [
        ("log_trainer.out status_trainer.out", "", []),
        ("", "log_trainer.out", ["log_trainer.out"]),
    ],
    "wandb": [
        ("train.log wandb/debug.log wandb/run-7-x/files/output.log wandb/run-7-x/logs/debug.log", "", []),
        ("", "train.log", ["train.log"]),
    ],
    "only-wandb": [
        ("wandb/run-7-x/files/output.log", "", []),
        ("", "wandb output", ["wandb/run-7-x/files/output.log"]),
    ],
    "two-jobs": [
        ("slurm-17-t-0.out slurm-17-t-1.out slurm-18-t-0.out log-l_9_0.out log-l_10_0.out", "", []),
        ("", "17/t/0", ["slurm-17-t-0.out"]),
        ("", "17/t/1", ["slurm-17-t-1.out"]),
        ("", "18/t/0", ["slurm-18-t-0.out"]),
        ("", "9/l", ["log-l_9_0.out"]),
        ("", "10/l", ["log-l_10_0.out"]),
    ],
    "two-apps": [
        ("s/a/t/0/stdout.log s/b/t/0/stdout.log s/a/t/1/stdout.log", "", []),
        ("", "a/t/0", ["s/a/t/0/stdout.log"]),
        ("", "a/t/1", ["s/a/t/1/stdout.log"]),
        ("", "b/t/0", ["s/b/t/0/stdout.log"]),
    ],
    "two-copies-of-a-run": [
        ("a/logs/r_x/attempt_0/0/stderr.log b/logs/r_x/attempt_0/0/stderr.log", "", []),
        ("", "a/logs/r_x/0", ["a/logs/r_x/attempt_0/0/stderr.log"]),
        ("", "b/logs/r_x/0", ["b/logs/r_x/attempt_0/0/stderr.log"]),
    ],
    "odd-numbers": [
        ("1²2.log rank99999999999999999999.log rank0.log rank0.txt", "", []),
        ("", "1²2.log", ["1²2.log"]),
        ("", "rank99999999999999999999.log", ["rank99999999999999999999.log"]),
        ("", "rank0.log", ["rank0.log"]),
        ("", "rank0.txt", ["rank0.txt"]),
    ],
    "slurm-array": [
        ("slurm-17_3.out slurm-17_3.err slurm-17_10.out", "", []),
        ("", "task 3 stdout", ["slurm-17_3.out"]),
        ("", "task 3 stderr", ["slurm-17_3.err"]),
        ("", "task 10", ["slurm-17_10.out"]),
    ],
    "slurm-array-rank": [
        ("slurm-17_3_0.out slurm-17_3_t1.out", "", []),
        ("", "task 3 rank 0", ["slurm-17_3_0.out"]),
        ("", "task 3 rank 1", ["slurm-17_3_t1.out"]),
    ],
    "slurm-rank-step-host": [
        ("slurm-17-0.out slurm-17-task1.out slurm-17.2.out slurm-17-gpu.a3.out slurm-17_n4.out", "", []),
        ("", "rank 0", ["slurm-17-0.out"]),
        ("", "rank 1", ["slurm-17-task1.out"]),
        ("", "step 2", ["slurm-17.2.out"]),
        ("", "gpu.a3", ["slurm-17-gpu.a3.out"]),
        ("", "n4", ["slurm-17_n4.out"]),
    ],
    "nemo-slurm-array": [
        (
            "sbatch_a-llama_3_1234_5.out log-a-llama_3_1234_5_0.out log-a-llama_3_1234_5_1.out "
            "sbatch_b-llama_70_99.out log-b-llama_70_99_0.out",
            "",
            [],
        ),
        ("", "a-llama_3 task 5 sbatch", ["sbatch_a-llama_3_1234_5.out"]),
        ("", "a-llama_3 task 5", ["log-a-llama_3_1234_5_0.out", "log-a-llama_3_1234_5_1.out"]),
        ("", "b-llama_70 sbatch", ["sbatch_b-llama_70_99.out"]),
        ("", "b-llama_70", ["log-b-llama_70_99_0.out"]),
    ],
    "submitit": [
        ("17_0_log.out 17_0_log.err 17_1_log.out 17_submission.sh 17_0_result.pkl", "", []),
        ("", "rank 0 stdout", ["17_0_log.out"]),
        ("", "rank 0 stderr", ["17_0_log.err"]),
        ("", "rank 1", ["17_1_log.out"]),
    ],
    "submitit-array": [
        ("17_3_0_log.out 17_4_0_log.out", "", []),
        ("", "task 3 rank 0", ["17_3_0_log.out"]),
        ("", "task 4 rank 0", ["17_4_0_log.out"]),
    ],
    "lsf": [
        ("1017.out 1017.err output.1018 output.1019 output.9", "", []),
        ("", "1017 stdout", ["1017.out"]),
        ("", "1017 stderr", ["1017.err"]),
        ("", "1018", ["output.1018"]),
        ("", "1019", ["output.1019"]),
    ],
    "lsf-array": [
        ("output.17.3.out 17_4.out 17_4.err", "", []),
        ("", "task 3", ["output.17.3.out"]),
        ("", "task 4 stdout", ["17_4.out"]),
        ("", "task 4 stderr", ["17_4.err"]),
    ],
    "two-runs": [
        ("a/trainer/0/stdout.log b/trainer/0/stdout.log", "", []),
        ("", "a/trainer/0", ["a/trainer/0/stdout.log"]),
        ("", "b/trainer/0", ["b/trainer/0/stdout.log"]),
    ],
}


def make(root: Path, names: str) -> None:
    for name in names.split():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")


def seen(found: list[Source], root: Path) -> list[tuple[str, list[str]]]:
    return sorted(
        (one.label, [str(Path(part.path).relative_to(root)) for part in one.parts]) for one in found
    )


@pytest.mark.parametrize("layout", FILES)
def test_each_layout_is_known_and_nothing_else_is_a_log(tmp_path: Path, layout: str) -> None:
    (names, _, _), *expected = FILES[layout]
    make(tmp_path, names)
    assert seen(sources(str(tmp_path)), tmp_path) == sorted((label, files) for _, label, files in expected)


def test_what_the_names_tell(tmp_path: Path) -> None:
    make(tmp_path, "trainer/3/stdout.log rank7.log r_x/attempt_0/2/stderr.log")
    one = {source.label: source for source in sources(str(tmp_path))}
    assert (one["trainer/3"].role, one["trainer/3"].replica, one["trainer/3"].stream) == (
        "trainer",
        3,
        "stdout",
    )
    assert one["rank7"].rank == 7
    make(tmp_path, "slurm-17_3_t5.out log-acct-llama_99_0.out")
    one = {source.label: source for source in sources(str(tmp_path))}
    task = one["task 3 rank 5"]
    assert (task.job, task.task, task.rank, one["acct-llama"].app) == (17, 3, 5, "acct-llama")


def test_attempts_and_restarts_are_named_where_there_are_several(tmp_path: Path) -> None:
    make(tmp_path, "log-allranks_0.out log-allranks_1.out")
    (source,) = sources(str(tmp_path))
    assert [part.name for part in source.parts] == ["restart 0", "restart 1"]
    (tmp_path / "log-allranks_1.out").unlink()
    assert [part.name for part in sources(str(tmp_path))[0].parts] == [""]


@pytest.mark.parametrize(
    ("combined", "follow", "streams", "expected"),
    [
        ("xy", False, None, ["stderr", "stdout"]),
        ("x", False, None, ["stderr", "stdout"]),
        ("xy", True, None, ["stderr", "stdout"]),
        ("xy", False, "stderr", ["stderr"]),
        ("xy", False, "combined", ["stderr", "stdout"]),
    ],
)
def test_stdout_and_stderr_or_combined_never_both(
    tmp_path: Path, combined: str, follow: bool, streams: str | None, expected: list[str]
) -> None:
    make(tmp_path, "w/0/stdout.log w/0/stderr.log w/0/combined.log")
    (tmp_path / "w/0/stdout.log").write_text("x")
    (tmp_path / "w/0/stderr.log").write_text("y")
    (tmp_path / "w/0/combined.log").write_text(combined)
    found = sources(str(tmp_path), follow=follow, streams=streams)
    assert sorted(str(one.stream) for one in found) == expected
    # The same from inside the app, the role and the replica.
    for inside in ("w", "w/0"):
        assert len(sources(str(tmp_path / inside), follow=follow, streams=streams)) == len(expected)


def test_a_combined_copy_serves_where_a_stream_is_missing(tmp_path: Path) -> None:
    make(tmp_path, "w/0/stderr.log w/0/combined.log")
    (tmp_path / "w/0/combined.log").write_text("out\nx\n")
    assert [one.stream for one in sources(str(tmp_path))] == ["combined"]


def test_labels_of_torchruns_tree_are_short(tmp_path: Path) -> None:
    run = "torchelastic/trainer/trainer-with-a-long-name-k2j5h3g6f7d8s9_ab_d3f9k"
    make(tmp_path, f"{run}/attempt_0/0/stdout.log {run}/attempt_0/0/stderr.log {run}/attempt_1/0/stdout.log")
    assert [one.label for one in sources(str(tmp_path))] == [
        "trainer/ab_d3f9k/0 stdout",
        "trainer/ab_d3f9k/0 stderr",
    ]


@pytest.mark.parametrize("prefix", ["[trainer0]:", "[0]:"])
def test_a_job_whose_workers_torchrun_copies_gives_each_line_once(tmp_path: Path, prefix: str) -> None:
    elastic = "app/torchelastic/trainer/r_x/attempt_0/0/{}.log"
    make(tmp_path, " ".join(f"app/trainer/0/{one}.log" for one in ("stdout", "stderr", "combined")))
    make(tmp_path, " ".join(elastic.format(one) for one in ("stdout", "stderr")))
    for stream in ("stdout", "stderr"):
        (tmp_path / elastic.format(stream)).write_text(f"{stream} of a worker\n")
        (tmp_path / f"app/trainer/0/{stream}.log").write_text(f"{prefix}{stream} of a worker\n")
    (tmp_path / "app/trainer/0/combined.log").write_text(
        f"{prefix}stdout of a worker\n{prefix}stderr of a worker\n"
    )
    lines = sorted(logdex.open(tmp_path / "app").lines())
    assert lines == [f"{prefix}stderr of a worker\n", f"{prefix}stdout of a worker\n"]


def test_lines_that_torchrun_copied_come_once(tmp_path: Path) -> None:
    make(tmp_path, "trainer/0/stdout.log torchelastic/trainer/r_x/attempt_0/0/stdout.log")
    assert len(sources(str(tmp_path))) == 2
    (tmp_path / "trainer/0/stdout.log").write_text("[trainer0]:x\n")
    assert [one.label for one in sources(str(tmp_path))] == ["trainer/0"]


@pytest.mark.parametrize("tag", ["rank", "trainer", ""])
def test_only_the_ranks_and_streams_that_torchrun_copied_are_left_out(tmp_path: Path, tag: str) -> None:
    """`--local-ranks-filter 0 --tee 3`, and `--tee 1`."""
    ranks = [f"trainer/0/torchelastic/trainer/r_x/attempt_0/{local}" for local in (0, 1, 10)]
    make(tmp_path, " ".join(f"{rank}/{stream}.log" for rank in ranks for stream in ("stdout", "stderr")))
    make(tmp_path, "trainer/0/stdout.log trainer/0/stderr.log")
    (tmp_path / "trainer/0/stdout.log").write_text(f"[{tag}0]:x\n")
    read = {file for _, files in seen(sources(str(tmp_path)), tmp_path) for file in files}
    copied = f"{ranks[0]}/stdout.log"
    assert read == {
        "trainer/0/stdout.log",
        "trainer/0/stderr.log",
        *(f"{rank}/{stream}.log" for rank in ranks for stream in ("stdout", "stderr")),
    } - {copied}
    # What has nothing yet is no source of its own beside copies.
    (tmp_path / ranks[1] / "stdout.log").write_text("")
    read = {file for _, files in seen(sources(str(tmp_path)), tmp_path) for file in files}
    assert f"{ranks[1]}/stdout.log" not in read
    # Of a long log also the end is looked at.
    (tmp_path / "trainer/0/stdout.log").write_text("[x0]:x\n" * 100_000 + f"[{tag}10]:x\n")
    read = {file for _, files in seen(sources(str(tmp_path)), tmp_path) for file in files}
    assert f"{ranks[2]}/stdout.log" not in read


def test_only_the_app_whose_lines_torchrun_copied_is_read_without_the_copies(tmp_path: Path) -> None:
    elastic = "torchelastic/trainer/r_x/attempt_0/0/stdout.log"
    make(tmp_path, f"a/trainer/0/stdout.log a/{elastic} b/trainer/0/stdout.log b/{elastic}")
    (tmp_path / "a/trainer/0/stdout.log").write_text("[trainer0]:x\n")
    read = [files for _, (files,) in seen(sources(str(tmp_path)), tmp_path)]
    assert read == ["a/trainer/0/stdout.log", "b/trainer/0/stdout.log", f"b/{elastic}"]
    make(tmp_path, "a/torchelastic/reader/r_x/attempt_0/0/stdout.log a/reader/0/stdout.log")
    assert len(sources(str(tmp_path / "a"))) == 3


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("complete", [False, True])
def test_all_ranks_or_their_hosts_never_both(tmp_path: Path, complete: bool, follow: bool) -> None:
    make(tmp_path, "log_host-a.out log_host-b.out log-allranks_0.out")
    (tmp_path / "log-allranks_0.out").write_text("x\nx\n" if complete else "x\n")
    hosts = ["log_host-a.out", "log_host-b.out"]
    expected = ["allranks"] if complete and not follow else hosts
    assert [one.label for one in sources(str(tmp_path), follow=follow)] == expected


def test_a_stream_that_is_not_there_is_said(tmp_path: Path) -> None:
    make(tmp_path, "t/0/stdout.log")
    with pytest.raises(FileNotFoundError, match="no log of stderr here"):
        sources(str(tmp_path), streams="stderr")
    # Both together are the combined stream where nobody combined them.
    make(tmp_path, "t/0/stderr.log")
    assert len(sources(str(tmp_path), streams="combined")) == 2


def test_globs_and_files_are_taken_at_their_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "odd.name w/0/stdout.log w/0/stderr.log")
    monkeypatch.chdir(tmp_path)
    for name in ("odd.name", "odd*", "./odd.name", "w/../odd.name"):
        assert [one.label for one in sources(name)] == ["odd.name"]
    assert [one.label for one in sources(str(tmp_path / "odd*"))] == ["odd.name"]
    assert [one.label for one in sources(str(tmp_path / "odd.name"))] == ["odd.name"]
    assert [one.label for one in sources(str(tmp_path / "w/*/std*.log"))] == ["w/0 stderr", "w/0 stdout"]
    (tmp_path / "a[1].log").write_text("x\n")
    assert [one.label for one in sources(str(tmp_path / "a[1].log"))] == ["a[1].log"]


def test_nothing_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    make(tmp_path, "sub/config.yaml")
    with pytest.raises(IsADirectoryError, match="no logs in this directory"):
        sources(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no file matches"):
        sources(str(tmp_path / "*.log"))


def test_a_directory_that_must_not_be_read_is_not_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    # It stands among the logs, so that whoever opens them hears of it.
    assert [part.path for one in sources(str(tmp_path)) for part in one.parts] == [str(tmp_path)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("run/*", "run/3/train.log run/4/train.log"),
        ("run/**", "run/3/train.log run/4/train.log"),
        ("run/l*", "run/latest/train.log"),
        ("*", "run/3/train.log run/4/train.log z.log"),
        ("*.log", "z.log"),
        ("**/*.log", "run/3/train.log run/4/train.log z.log"),
        ("[al]*.log", "again.log"),
    ],
)
def test_a_glob_names_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("run/3/train.log", "run/4/train.log", "z.log"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x\n")
    Path("run/latest").symlink_to("4")
    Path("latest.log").symlink_to("z.log")
    Path("again.log").symlink_to("z.log")
    found = [os.path.relpath(part.path) for source in sources(pattern) for part in source.parts]
    assert sorted(found) == expected.split()


def test_links_lead_to_nothing_twice(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "3").mkdir(parents=True)
    (run / "3/train.log").write_text("x\n")
    (tmp_path / "elsewhere.log").write_text("x\n")
    (run / "away.log").symlink_to("../elsewhere.log")
    (run / "again.log").symlink_to("../elsewhere.log")
    (run / "latest").symlink_to("3")
    (run / "3/loop").symlink_to("..")
    (run / "0.log").symlink_to("3/train.log")
    (run / "dangling.log").symlink_to("nowhere")
    (run / "hard.log").hardlink_to(run / "3/train.log")
    found = [part.path for source in sources(str(run)) for part in source.parts]
    assert sorted(found) == [str(run / name) for name in ("3/train.log", "again.log", "hard.log")]
