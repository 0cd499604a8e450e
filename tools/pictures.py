"""Makes the pictures of the docs anew: `python tools/pictures.py`.

It needs Python 3.11, logdex, Textual, Playwright, and Chromium on the PATH.
"""

import asyncio
import contextlib
import random
import re
import shutil
import tempfile
from pathlib import Path

import logdex
from logdex.command.cli import main as logdex_command
from logdex.view.app import Viewer
from logdex.view.strip_view import StripView
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_CAUSE = """Traceback (most recent call last):
  File "train.py", line 211, in step
    loss.backward()
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.15 GiB.
"""
_VICTIM = """Traceback (most recent call last):
  File "train.py", line 214, in step
    dist.all_reduce(norm)
torch.distributed.DistBackendError: NCCL error: remote process exited or there was a network error
"""


def write_run(folder: Path, ranks: int, steps: int, failing: int) -> None:
    """Ranks that train at one pace, until one has no memory and the others lose it."""
    for rank in range(ranks):
        chosen, rows = random.Random(rank), []
        for second in range(steps + 9):
            clock = f"2026-11-22 02:{second // 60:02}:{second % 60:02},{100 + chosen.randrange(800)}"
            if second < steps:
                rows.append(f"{clock} INFO step={41200 + second} loss={2.2 - second / 9000:.3f}\n")
                rows += [f"{clock} INFO saved a checkpoint\n"] * (second % 60 == 0)
            if chosen.random() < 0.01 and second < steps:
                rows.append(f"{clock} WARNING dataloader waited {chosen.random():.1f} s\n")
        end, last = (_CAUSE, steps) if rank == failing else (_VICTIM, steps + 8)
        stamp = f"2026-11-22 02:{last // 60:02}:{last % 60:02},{100 + rank}"
        rows.append(f"{stamp} ERROR the step failed\n{end}")
        (folder / f"rank{rank}.log").write_text("".join(rows))


async def picture(folder: Path) -> str:
    """The viewer at the failure, as SVG without fonts from elsewhere."""
    app = Viewer(logdex.open(folder, tz="UTC"), title="runs/llama")
    async with app.run_test(size=(100, 24)) as pilot:
        while not app.lines.window.lines or app.query_one(StripView).shown is None:
            await pilot.pause(0.01)
        await pilot.press("g", "e")
        while app._job is not None:
            await pilot.pause(0.01)
        await pilot.pause()
        svg = app.export_screenshot(title="logdex view runs/llama")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def page(folder: Path) -> None:
    """The heat map of ranks, and a look at the page of the diagnosis."""
    html = folder / "answer.html"
    with contextlib.chdir(folder):
        logdex_command(
            ["ranks", "runs", "--tz", "UTC", "--svg", str(PICTURES / "ranks.svg"), "--html", html.name]
        )
    # Where it was made says nothing.
    html.write_text(html.read_text().replace(str(folder), "/shared"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        look = browser.new_page(viewport={"width": 1000, "height": 760})
        look.goto(html.as_uri())
        look.screenshot(path=PICTURES / "page.png")
        browser.close()


def main() -> None:
    """Writes them."""
    with tempfile.TemporaryDirectory() as made:
        few, many = Path(made, "few"), Path(made, "many", "runs")
        few.mkdir()
        many.mkdir(parents=True)
        write_run(few, 4, 130, 2)
        write_run(many, 8, 300, 5)
        (PICTURES / "view.svg").write_text(asyncio.run(picture(few)))
        page(many.parent)


if __name__ == "__main__":
    main()
