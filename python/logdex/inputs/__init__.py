"""Which files a path, a directory, a glob or a pipe stands for, now and later.

Nothing here knows TorchX: what a handle stands for is told by `logdex.torchx_backend.handles`, and `logdex._resolve`
asks the one or the other.
"""
