"""Makes the pictures of the docs anew: `python tools/pictures.py`, with logdex and Textual installed."""

import asyncio
import re
import tempfile
from pathlib import Path

import logdex
from logdex.view.app import Viewer

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_FAILURE = """Traceback (most recent call last):
  File "train.py", line 211, in step
    loss.backward()
RuntimeError: NCCL communicator was aborted
"""


def write_run(folder: Path) -> None:
    """Four ranks that train, of which one fails."""
    for rank in range(4):
        steps = (
            f"2026-11-22 02:{9 + i // 60:02}:{i % 60:02},{rank * 7 + 120} INFO step={41200 + i} "
            f"loss={2.2 - i / 900:.3f}\n"
            for i in range(120)
        )
        text = "".join(steps)
        if rank == 2:
            text += "2026-11-22 02:11:00,002 ERROR NCCL watchdog: ALLREDUCE timed out\n" + _FAILURE
        (folder / f"rank{rank}.log").write_text(text)


async def picture(folder: Path) -> str:
    """The viewer at the failure, as SVG without fonts from elsewhere."""
    app = Viewer(logdex.open(folder, tz="UTC"), title="runs/llama")
    async with app.run_test(size=(100, 24)) as pilot:
        while not app.lines.window.lines:
            await pilot.pause(0.01)
        await pilot.press("E")
        while app._job is not None:
            await pilot.pause(0.01)
        await pilot.pause()
        svg = app.export_screenshot(title="logdex view runs/llama")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Writes them."""
    with tempfile.TemporaryDirectory() as made:
        write_run(Path(made))
        (PICTURES / "view.svg").write_text(asyncio.run(picture(Path(made))))


if __name__ == "__main__":
    main()
