"""The steps of the rule: each looks at a scene and comes to a finding, or leaves it to the next (`rule.py`)."""
