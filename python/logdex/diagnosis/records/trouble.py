"""Words of trouble, whoever speaks: they say that something went wrong, and neither what nor with whom."""

import re

TROUBLE = re.compile(
    r"(?i)\b(?:exit(?:s|ed|ing)?|die[sd]?|dead|death|los[te]|lose|fail(?:s|ed|ing|ure)?|kill(?:s|ed)?|crash\w*|abort\w*"
    r"|time[ds]?[ -]?out|timing out|unhealthy|hung|hangs|stuck|evict\w*|revoked|refused|denied|exceed\w*|expired"
    r"|unreachable|unresponsive|disconnect\w*|terminat\w+|gone|missing|broken|errors?|invalid|cannot|can't|unable"
    r"|stop(?:s|ped|ping)|reached|vanish\w*|retir\w*|tearing down|dissolv\w*|returned [1-9]"
    r"|no (?:more )?(?:\w+ )?(?:reply|response|answer|heart ?beats?|contact)"
    r"|not (?:\w+ )?(?:alive|healthy|respond\w*|reachable|found|receiv\w*|report\w*|answer\w*))\b"
)
"""Words of trouble, whoever speaks."""
