"""`torchx logdex`: the lines of an app, cut by regex and by time.

TorchX loads this module at every call of `torchx`; that is what makes `local_persistent` known to the command
line. So it imports at its top only what TorchX has imported already.
"""

import argparse
import sys
from collections.abc import Iterator

from torchx.cli.cmd_base import SubCommand
from torchx.cli.cmd_log import ID_FORMAT, validate


class LogdexCommand(SubCommand):  # type: ignore[misc, unused-ignore]
    """Prints the lines of an app's replicas, one replica after the other."""

    def add_arguments(self, subparser: argparse.ArgumentParser) -> None:
        """The options, in the spelling of `torchx log` where it has them."""
        subparser.add_argument("-e", "--regex", help="keep the lines in which Python's re.search finds this")
        subparser.add_argument("--since", help="from this moment on: '2026-11-22 02:10', '02:10', '10m'")
        subparser.add_argument("--until", help="up to this moment, in the same words")
        subparser.add_argument(
            "-f", "-t", "--follow", "--tail", action="store_true", help="follow a running app"
        )
        subparser.add_argument(
            "--streams", choices=["stdout", "stderr", "combined"], help="default: combined"
        )
        subparser.add_argument(
            "identifier", metavar=ID_FORMAT, help="the app, and if need be a role and replicas"
        )

    def run(self, args: argparse.Namespace) -> None:
        """Exits with 1 and the reason on stderr when the app is unknown or an argument means nothing."""
        validate(args.identifier)
        try:
            for line in _lines(args):
                sys.stdout.write(line)
                if args.follow:
                    sys.stdout.flush()
        except BrokenPipeError:
            sys.stderr.close()
        except (KeyError, ValueError, RuntimeError) as error:
            sys.exit(f"torchx logdex: {error.args[0] if error.args else error}")


def _lines(args: argparse.Namespace) -> Iterator[str]:
    from torchx.runner import get_runner

    backend, _, path = args.identifier.partition("://")
    session, app_id, role, replicas = (path.split("/") + [""] * 3)[:4]
    handle = f"{backend}://{session or 'default'}/{app_id}"
    with get_runner() as runner:
        app = runner.describe(handle)
        if app is None:
            raise KeyError(
                f"there is no app {app_id!r}; `torchx list -s {backend}` shows those of this session"
            )
        wanted = [(role, int(k)) for k in replicas.split(",") if k] or [
            (one.name, k) for one in app.roles if role in ("", one.name) for k in range(one.num_replicas)
        ]
        for name, k in wanted or [(role, 0)]:
            yield from runner.log_lines(
                handle,
                name,
                k,
                args.regex,
                args.since,
                args.until,
                should_tail=args.follow,
                streams=args.streams,
            )
