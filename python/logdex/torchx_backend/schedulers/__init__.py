"""The scheduler `local_persistent`, which TorchX loads by the name of `local.py`, and its parts."""
