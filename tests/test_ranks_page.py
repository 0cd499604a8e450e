"""The page to hand on, in a real browser: what it shows, that log text stays text, and how it is used by keys."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import logdex
import pytest
from logdex.command.ranks.heat import svg
from logdex.diagnosis.page.html import page
from logdex.diagnosis.rank import Quote, Rank
from logdex.ranks import Ranks

HOSTILE = (
    "</pre></script><script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\">&lt;b&gt;"
)
BEGIN = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)
MEGABYTE = 1_000_000


def job(folder: Path) -> Ranks:
    for rank in range(8):
        lines = [f"2026-11-22 02:{at // 60:02}:{at % 60:02} step {at} loss 2.0\n" for at in range(90)]
        if rank == 3:
            lines += [f"2026-11-22 02:01:31 RuntimeError: CUDA error: unspecified launch failure {HOSTILE}\n"]
        elif rank != 5:
            lines += [f"2026-11-22 02:01:50 torch.distributed.DistBackendError: NCCL error {HOSTILE}\n"]
        (folder / f"rank{rank}.log").write_text("".join(lines))
    return logdex.open(folder, tz="UTC").ranks()


def many() -> Ranks:
    """A thousand ranks with full histories."""
    quote = Quote("x" * 400, BEGIN, 1.0, 7, f"/logs/{'d' * 80}/rank.log")
    history = [(BEGIN.timestamp() + 20 * at, 20.0, 300 + at, at % 40 == 0) for at in range(256)]
    ranks = [
        Rank(
            str(at),
            lines=100_000 + at,
            errors=at % 7,
            first=BEGIN,
            last=BEGIN + timedelta(seconds=5120),
            last_line=quote,
            first_error=quote,
            history=[tuple(map(float, column)) for column in history],  # type: ignore[misc]
            host=f"gpu-{at // 8:03}",
        )
        for at in range(1000)
    ]
    return Ranks(tuple(ranks))


def test_a_page_of_a_thousand_ranks_is_under_a_megabyte() -> None:
    text = many().to_html()
    assert len(text.encode()) < MEGABYTE
    assert not re.search(r"(?:src|href)=\"?(?:https?:)?//", text)


def test_log_text_stays_text(tmp_path: Path) -> None:
    told = job(tmp_path)
    for text in (told.to_html(), told.diagnosis.to_html(), told._repr_html_()):
        assert "<img" not in text
        assert "<script>document" not in text
    assert told.to_html().count("<script") == 2


def test_nothing_turns_round_what_is_shown(tmp_path: Path) -> None:
    for name in ("a", "b\u202egol.exe"):
        raised = f"2026-11-22 02:00:0{len(name) // 2} RuntimeError: \u2066x\u202e\x9by {name}\n"
        (tmp_path / f"{name}.log").write_text(f"2026-11-22 02:00:00 step 1\n{raised}")
    told = logdex.open(tmp_path, tz="UTC").ranks()
    for text in (told.to_html(), svg(told)):
        assert not re.search(r"[\x80-\x9f\u202a-\u202e\u2066-\u2069]|\\u20(?:2[a-e]|6[6-9])", text)


def test_an_answer_alone_is_a_page_too() -> None:
    text = page(Ranks(()).diagnosis.to_dict())
    assert "<canvas" not in text
    assert text.startswith("<!doctype html>")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    sync = pytest.importorskip("playwright.sync_api", reason="the page is looked at with playwright")
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("the page is looked at in chromium (apt-get install chromium), which is not here")
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def opened(browser: Any, path: Path, **context: Any) -> tuple[Any, list[str]]:
    view = browser.new_context(viewport={"width": 1200, "height": 900}, **context).new_page()
    trouble: list[str] = []
    view.on("pageerror", lambda error: trouble.append(str(error)))
    view.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    view.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:")) else trouble.append(asked.url),
    )
    view.goto(path.as_uri())
    return view, trouble


def shot(view: Any, name: str) -> bytes:
    """A picture, kept where LOGDEX_SHOTS says."""
    kept = os.environ.get("LOGDEX_SHOTS")
    return bytes(view.screenshot(full_page=True, **({"path": f"{kept}/{name}.png"} if kept else {})))


def test_the_page_in_a_browser(browser: Any, tmp_path: Path) -> None:
    told = job(tmp_path)
    path = tmp_path / "answer.html"
    path.write_text(told.to_html(), encoding="utf-8")
    view, trouble = opened(browser, path)
    assert view.title().startswith("First failure: rank 3")
    assert view.inner_text("#verdict").strip() == told.diagnosis.text.strip()
    assert HOSTILE[:20] in view.inner_text("figure pre >> nth=0")
    assert view.locator("img").count() == 0
    assert view.locator("#verdict").bounding_box()["width"] <= 1200
    shot(view, "light")
    view.click("a[href='#e0']")
    assert view.evaluate("document.querySelector(':target').id") == "e0"
    assert trouble == []


def test_the_matrix_is_used_by_keys_and_by_hovering(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "answer.html"
    path.write_text(job(tmp_path).to_html(), encoding="utf-8")
    view, trouble = opened(browser, path)
    view.focus("#matrix")
    first = view.inner_text("#spot")
    view.keyboard.press("ArrowDown")
    second = view.inner_text("#spot")
    assert first.startswith("0, 02:00:00")
    assert second.startswith("1, 02:00:00")
    whole = view.evaluate("document.getElementById('matrix').toDataURL()")
    view.keyboard.press("+")
    assert view.evaluate("document.getElementById('matrix').toDataURL()") != whole
    view.keyboard.press("0")
    box = view.locator("#matrix").bounding_box()
    view.mouse.move(box["x"] + 300, box["y"] + 26 + 3 * 18 + 5)
    assert view.inner_text("#spot").startswith("3, 02:00:")
    assert trouble == []


def test_the_page_in_the_dark(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "answer.html"
    path.write_text(job(tmp_path).to_html(), encoding="utf-8")
    colors = {}
    for scheme in ("light", "dark"):
        view, trouble = opened(browser, path, color_scheme=scheme)
        colors[scheme] = view.evaluate("getComputedStyle(document.body).backgroundColor")
        shot(view, scheme)
        assert trouble == []
    assert colors["light"] != colors["dark"]


def test_a_thousand_ranks_in_a_browser(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "answer.html"
    path.write_text(many().to_html(), encoding="utf-8")
    view, trouble = opened(browser, path)
    view.focus("#matrix")
    view.keyboard.press("ArrowDown")
    assert view.inner_text("#spot").startswith("1 on gpu-000")
    shot(view, "thousand")
    assert trouble == []


def test_a_notebook_shows_the_same(browser: Any, tmp_path: Path) -> None:
    told = job(tmp_path)
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{told._repr_html_()}", encoding="utf-8")
    view, trouble = opened(browser, path)
    frame = view.frame_locator("iframe")
    assert frame.locator("#verdict").inner_text().strip() == told.diagnosis.text.strip()
    assert view.title() != "owned"
    assert trouble == []
