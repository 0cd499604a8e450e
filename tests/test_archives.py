"""Tars of logs: read as the directories that they hold, whatever else is in them."""

import gc
import io
import os
import tarfile
import tempfile
from pathlib import Path

import logdex
import pytest
from compressed import compress
from shell import run

Members = list[tuple[tarfile.TarInfo, bytes]]


def _file(name: str, text: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(text), 1_795_330_032
    return member, text


def _other(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def _tar(members: Members) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for member, text in members:
            made.addfile(member, io.BytesIO(text))
    return packed.getvalue()


RANKS: Members = [
    _file(f"./run/rank{rank}.log", f"2026-11-22 06:47:1{2 - rank} from {rank}\n".encode())
    for rank in range(2)
]
IN_ORDER = ["2026-11-22 06:47:11 from 1\n", "2026-11-22 06:47:12 from 0\n"]


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".bz2", ".zst", ".lz4"])
def test_a_tar_is_the_directory_that_it_holds(tmp_path: Path, suffix: str) -> None:
    packed = _tar(RANKS)
    path = tmp_path / f"run.tar{suffix}"
    path.write_bytes(compress(packed, suffix) if suffix else packed)
    log = logdex.open(path, tz="UTC")
    assert list(log.lines()) == IN_ORDER
    assert [(record.rank, record.text) for record in log.records()] == [(1, IN_ORDER[0]), (0, IN_ORDER[1])]
    assert run("--labels", "--tz", "UTC", path) == (
        0,
        [f"rank{rank} {line}" for rank, line in zip((1, 0), IN_ORDER, strict=True)],
        "",
    )
    assert run("-c", "-f", path)[0] == 2
    assert run("-f", "--no-labels", path)[0] == 0


def test_what_is_no_log_in_a_tar_is_left_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside.log"
    outside.write_text("secret\n")
    bad: Members = [
        _file("../escaped.log", b"x\n"),
        _file("/absolute.log", b"absolute\n"),
        _file("a/../../escaped.log", b"x\n"),
        _file("n" * 300 + ".log", b"x\n"),
        _other("link.log", tarfile.SYMTYPE, str(outside)),
        _other("hard.log", tarfile.LNKTYPE, str(outside)),
        _other("pipe.log", tarfile.FIFOTYPE),
        _other("device.log", tarfile.CHRTYPE),
        _other("directory", tarfile.SYMTYPE, str(tmp_path)),
        _file("directory/through.log", b"through\n"),
        _file("twice.log", b"first\n"),
        _file("twice.log", b"second\n"),
        _file("twice.log/below.log", b"x\n"),
    ]
    path = tmp_path / "bad.tar"
    path.write_bytes(_tar(bad))
    before = sorted(os.listdir(tmp_path))
    assert sorted(logdex.open(path).lines()) == ["absolute\n", "second\n", "through\n"]
    assert sorted(os.listdir(tmp_path)) == before
    assert not (tmp_path.parent / "escaped.log").exists()


def test_a_log_in_a_tar_that_is_left_out_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "bad.tar"
    bad = [_file(f"../{number}.log", b"x\n") for number in range(5)]
    path.write_bytes(_tar([_file("a.log", b"a\n"), *bad, _other("../link.log", tarfile.SYMTYPE, "x")]))
    assert list(logdex.open(path).lines()) == ["a\n"]
    assert [record.message for record in caplog.records] == [
        f"{path}: '../{number}.log' is left out: its name leads out of the tar, is another member's, or too long; "
        f"unpack it and read that{'; of more like this it is not told' * (number == 2)}"
        for number in range(3)
    ]
    status, out, error = run(path)
    assert (status, out, error.count("is left out")) == (0, ["a\n"], 3)


def test_a_name_that_is_too_long_here_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "long.tar"
    # A name of so many letters may have more bytes than a file system takes, a path more than the kernel does, or
    # so many directories that making them is a recursion without end.
    deep = [
        _file(("d" * letters + "/") * parts + "b.log", b"x\n") for letters, parts in ((200, 25), (1, 1200))
    ]
    members = [_file("a.log", b"a\n"), _file("\u65e5" * 100 + ".log", b"x\n"), *deep]
    path.write_bytes(_tar([*members, _file("c.log", b"c\n")]))
    assert sorted(logdex.open(path).lines()) == ["a\n", "c\n"]
    assert [record.message.count("too long") for record in caplog.records] == [1, 1, 1]


@pytest.mark.parametrize("time", ["1e30", "-1e30", "nan", "inf"])
def test_no_time_of_change_makes_a_tar_unreadable(tmp_path: Path, time: str) -> None:
    path = tmp_path / "run.tar"
    name, text = _file("a.log", b"2026-11-22 06:47:12 x\n")
    name.pax_headers = {"mtime": time}
    path.write_bytes(_tar([(name, text)]))
    assert list(logdex.open(path).lines()) == ["2026-11-22 06:47:12 x\n"]


def test_a_tar_without_a_log_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.tar"
    path.write_bytes(_tar([_file("model.bin", b"x")]))
    with pytest.raises(IsADirectoryError, match=r"no logs in this tar.*none\.tar"):
        list(logdex.open(path).lines())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_tar_that_is_cut_off_is_an_error(tmp_path: Path, suffix: str) -> None:
    packed = _tar([_file("a.log", b"line\n" * 20_000)])
    packed = compress(packed, suffix) if suffix else packed
    path = tmp_path / f"cut.tar{suffix}"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(OSError, match=r"damaged or cut off.*cut\.tar"):
        list(logdex.open(path).lines())
    assert run(path)[0] == 2


def test_more_than_may_be_spooled_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.tar.gz"
    path.write_bytes(compress(_tar([_file("a.log", b"\n" * (3 << 20))]), ".gz"))
    monkeypatch.setenv("LOGDEX_SPOOL", "2")
    with pytest.raises(OSError, match="more than 2 MiB"):
        list(logdex.open(path).lines())


def test_a_sparse_member_is_read_with_its_hole(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse.log"
    with sparse.open("wb") as file:
        file.truncate(1 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"end\n")
    path = tmp_path / "sparse.tar"
    if os.system(f"tar --sparse -C {tmp_path} -cf {path} sparse.log 2> /dev/null"):
        pytest.skip("this tar writes no sparse members")
    assert list(logdex.open(path).lines()) == ["end\n"]


def test_a_file_that_is_only_called_a_tar_is_text(tmp_path: Path) -> None:
    path = tmp_path / "log.tar"
    path.write_text("2026-11-22 06:47:12 x\n")
    assert list(logdex.open(path).lines()) == ["2026-11-22 06:47:12 x\n"]
    assert run(path)[1] == ["2026-11-22 06:47:12 x\n"]
    with pytest.raises(FileNotFoundError):
        list(logdex.open(tmp_path / "not-there.tar").lines())


def test_what_was_unpacked_goes_with_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, room = tmp_path / "run.tar", tmp_path / "room"
    path.write_bytes(_tar(RANKS))
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    with logdex.open(path, tz="UTC").lines() as lines:
        assert next(lines) == IN_ORDER[0]
        assert os.listdir(room)
    del lines
    gc.collect()
    assert not os.listdir(room)
