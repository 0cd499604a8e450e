r"""Every example in `docs/` and in the docstrings, run as it stands.

Of a page, from the top: a `text` block with a title is a file, `console` blocks are commands and what they print, on
stdout and stderr, `python` blocks are doctests. `...` stands for anything. A page has a directory of its own.
"""

import ast
import doctest
import importlib
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import logdex
import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
_FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
_WAIT = re.compile(r"\b(timeout|sleep) (\d+)")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PACKAGE = ROOT / "python"
_NEEDS = {
    "logdex.nemo": "nemo_run",
    "logdex.polars": "polars",
    "logdex.ray": "ray",
    "logdex.torchx_backend.schedulers.local": "torchx",
    "logdex.torchx_backend.schedulers.slurm": "torchx",
}
"""What must be installed for the examples of a module."""


def docstrings(source: Path) -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, documented) and (text := ast.get_docstring(node)):
            yield text


def modules_with_examples(suffix: str) -> list[str]:
    """The names of all modules of the package, or of all stubs, that show an example; none of them is imported."""
    return [
        ".".join(source.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for source in sorted(PACKAGE.rglob(f"*{suffix}"))
        if any(">>>" in text for text in docstrings(source))
    ]


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    for match in _FENCE.finditer(page.read_text()):
        yield match[1], match[2].strip(), match[3]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, with this environment's commands, and a cluster that has one pod."""
    desk = tmp_path / "desk"
    bin_ = tmp_path / "bin"
    for directory in (desk, bin_):
        directory.mkdir()
    kubectl = bin_ / "kubectl"
    kubectl.write_text("#!/bin/sh\ncat pod.log\n")
    kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{bin_}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("EXAMPLES", str(ROOT / "examples"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(desk)
    return desk


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_of_a_page(page: Path, desk: Path) -> None:
    names: dict[str, object] = {}
    for kind, title, text in blocks(page):
        if "torchx run" in text:
            pytest.importorskip("torchx")
        if kind == "text" and (match := re.fullmatch(r'title="(.+)"', title)):
            (desk / match[1]).parent.mkdir(parents=True, exist_ok=True)
            (desk / match[1]).write_text(text)
        elif kind == "console":
            run_commands(text)
        elif kind == "python":
            run_doctest(text, names, page.name)
        else:
            assert kind in ("", "text", "json"), f"{page}: a block of {kind!r} would not be run"


def unhurried(command: str) -> str:
    """With longer waits where others keep the machine busy: a page says what a user would, who has it alone."""
    busy = min(1 + os.getloadavg()[0] / (os.cpu_count() or 1), 30)
    return _WAIT.sub(lambda wait: f"{wait[1]} {round(int(wait[2]) * busy)}", command)


def run_commands(text: str) -> None:
    parts = _COMMAND.split(text)
    for command, expected in zip(parts[1::2], parts[2::2], strict=True):
        done = subprocess.run(
            ["bash", "-c", unhurried(command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        same = doctest.OutputChecker().check_output(expected.lstrip("\n"), done.stdout, _FLAGS)
        assert same, f"$ {command}\nprinted\n{done.stdout}\nnot\n{expected}"


def run_doctest(text: str, names: dict[str, object], page: str) -> None:
    examples = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
    assert examples.examples, f"{page}: a python block without >>> would not be run"
    runner = doctest.DocTestRunner(optionflags=_FLAGS)
    said: list[str] = []
    runner.run(examples, out=said.append, clear_globs=False)
    names.update(examples.globs)
    assert not runner.failures, "".join(said)


@pytest.mark.parametrize("name", modules_with_examples(".py"))
def test_the_examples_of_the_docstrings(name: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in _NEEDS:
        pytest.importorskip(_NEEDS[name])
    monkeypatch.setenv("LOGDEX_HOME", str(desk))
    module = importlib.import_module(name)
    failed, tried = doctest.testmod(module, extraglobs={"logdex": logdex}, optionflags=_FLAGS)
    assert tried
    assert not failed


@pytest.mark.parametrize("name", modules_with_examples(".pyi"))
def test_the_examples_of_a_stub(name: str, desk: Path) -> None:
    source = PACKAGE.joinpath(*name.split(".")).with_suffix(".pyi")
    for text in docstrings(source):
        if ">>>" in text:
            run_doctest(text, {"logdex": logdex}, source.name)


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    assert listed == {str(page.relative_to(ROOT / "docs")) for page in PAGES}
