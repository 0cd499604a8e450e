"""Python's `re`, said so that the engine can search whole blocks with it, and no answer differs from `re`'s own."""
