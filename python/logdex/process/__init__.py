"""The process of the command."""
