"""A log and its rotations as one."""
