"""The parts of the `logdex` command; `logdex.cli` has its options."""
