"""Says how large a wheel is, and fails where it is larger than it should be.

    python tools/wheel_size.py WHEEL [WITHOUT]

WITHOUT is a wheel of the same code without the feature `arrow`, where that is what is asked for: then what the feature
costs is bounded too.
"""

import sys
from pathlib import Path

MOST = 4_000_000
"""The whole, in bytes: it is downloaded on every machine of a cluster. Raise it knowingly."""
MOST_OF_ARROW = 1_000_000
"""What the columns may cost of that."""


def main(wheel: Path, without: Path | None = None) -> str | None:
    """What is wrong, if something is."""
    size = wheel.stat().st_size
    print(f"{wheel.name}: {size:,} bytes, of at most {MOST:,}")
    if size > MOST:
        return f"{wheel}: {size:,} bytes are more than {MOST:,}; see which dependency brought them"
    if without is not None:
        growth = size - without.stat().st_size
        print(f"the feature arrow: {growth:,} bytes, of at most {MOST_OF_ARROW:,}")
        if growth > MOST_OF_ARROW:
            return f"the feature arrow costs {growth:,} bytes, more than {MOST_OF_ARROW:,}"
    return None


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:3])))
