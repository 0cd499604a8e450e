"""Schedulers that TorchX can load by name."""
