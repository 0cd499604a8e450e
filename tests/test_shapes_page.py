"""The page of shapes is what the tables of the tests say."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_page_of_shapes_is_made_from_the_tables() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "shapes.py"))
    assert made["PAGE"].read_text() == made["page"](), "run python tools/shapes.py"
