"""Which files an argument stands for: the one place that knows of paths and of handles."""

from __future__ import annotations

import os

from logdex.inputs.compression import is_named_tar
from logdex.inputs.framing import kinds
from logdex.inputs.input import Input, PlainFile, Wish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from logdex.inputs.handle import Handle
    from logdex.inputs.newcomers import Growing


def inputs(argument: str, wish: Wish) -> list[Input]:
    """The files that one argument stands for; what one plain file is takes no knowledge of layouts.

    Raises:
        OSError: There is no such file, or no log in a directory; in a follow, those are waited for.
        ValueError: A handle that is not one, or of which something is missing.
        LookupError: There is no such app, role or replica.
    """
    if not wish.rotated and (plain := plain_file(argument)) is not None:
        return [plain]
    # Imported when what is asked is not one plain file: layouts take longer to import than a small log to read.
    from logdex.inputs.handle import is_address, is_handle, parse
    from logdex.inputs.paths import of_path, of_set

    if is_address(argument):
        from logdex.remote.inputs import of_address

        return of_address(argument, wish)
    if wish.rotated and argument != "-" and not is_handle(argument) and not stands_for_many(argument):
        return of_set(argument, wish)
    if is_handle(argument):
        return _of_handle(parse(argument), wish)
    return of_path(argument, wish)


def inputs_of(arguments: Iterable[str], wish: Wish) -> list[Input]:
    """The files that all of `arguments` stand for; raises as `inputs` does."""
    return called([(argument, inputs(argument, wish)) for argument in arguments], wish)


def found_of(
    arguments: Iterable[str], wish: Wish, failed: Callable[[Exception], None]
) -> list[tuple[str, list[Input]]]:
    """Each argument with its files; where these cannot be had, `failed` is told why and the argument is left out."""
    found = []
    for argument in arguments:
        try:
            found.append((argument, inputs(argument, wish)))
        except (OSError, ValueError, LookupError) as error:
            failed(error)
    return found


def called(given: list[tuple[str, list[Input]]], wish: Wish) -> list[Input]:
    """The files that arguments stand for, no two sources of which are called the same."""
    if len(given) < 2:
        return [one for _, found in given for one in found]
    from logdex.inputs.apart import told_apart

    if wish.follow:
        from logdex.inputs.paths import held_rotations

        given = held_rotations(given)
    return told_apart(given)


def growing(arguments: Iterable[str], wish: Wish) -> list[Growing]:
    """What of `arguments` may stand for more logs later: directories, globs, and jobs of Slurm."""
    from logdex.inputs.handle import is_address, is_handle, parse
    from logdex.inputs.newcomers import GrowingPath
    from logdex.inputs.sources import may_grow

    found: list[Growing] = []
    for one in arguments:
        if is_address(one):
            continue
        if is_handle(one):
            if _is_job(meant := parse(one)):
                from logdex.slurm.inputs import Job

                found.append(Job(meant, wish))
        elif one != "-" and may_grow(one):
            found.append(GrowingPath(one, wish))
    return found


def stands_for_many(name: str) -> bool:
    """Whether an argument is a directory, a tar, a glob or a handle."""
    if os.path.isdir(name) or is_named_tar(name):
        return True
    is_handle = "://" in name or name.startswith("slurm:")
    return (is_handle or any(mark in name for mark in "*?[")) and not os.path.lexists(name)


def plain_file(argument: str) -> PlainFile | None:
    """The file that an argument names, if it is there and to be read as it is."""
    if argument == "-" or is_named_tar(argument) or not os.path.isfile(argument):
        return None
    return PlainFile(argument) if kinds(argument) == (None, None) else None


_SLURM = ("slurm", "slurm_persistent", "slurm_tunnel")
"""The schedulers whose apps are jobs of Slurm, which are found without TorchX."""


def _is_job(meant: Handle) -> bool:
    """Whether it is a job of Slurm whose logs are here, and not behind a tunnel of NeMo-Run's."""
    if meant.scheduler not in _SLURM:
        return False
    from logdex.slurm.find import is_far

    return meant.scheduler != "slurm_tunnel" or not is_far(meant.app)


def _of_handle(meant: Handle, wish: Wish) -> list[Input]:
    if _is_job(meant):
        from logdex.slurm.inputs import of_handle as of_job

        return of_job(meant, wish)
    try:
        # The scheduler's side, and TorchX with it: imported for those who have it and ask for it.
        from logdex.torchx_backend.handles import of_handle
    except ImportError as error:
        raise ValueError(
            f"{meant.text}: handles need TorchX, which cannot be imported ({error}); pip install 'logdex[torchx]'"
        ) from error
    return of_handle(meant, wish)
