"""Options of the `logdex` command that do not go together, and why: `-c` counts what is there, and `-f` goes on.

Each option alone is right, so that argparse takes them; what one of them promises the other one cannot keep. It is said
before a file is opened.
"""

from __future__ import annotations

import argparse


def contradiction(args: argparse.Namespace) -> str | None:
    """What is wrong with options that cannot all be obeyed, and what to do; None where they can."""
    if args.fold and not args.follow:
        return "--fold puts together what comes at once: give -f too"
    picks = args.only_matching or args.group is not None
    shaped = args.fields is not None or args.pretty
    pairs = (
        (args.count and args.follow, "-c counts what is there, -f goes on"),
        (
            args.count and args.fields is not None,
            "-c counts lines, also those in which --fields finds nothing",
        ),
        (
            args.files_with_matches and args.fields is not None,
            "--files-with-matches shows names of files, --fields what stands on lines",
        ),
        (
            (args.count or args.files_with_matches) and args.json,
            "-c and --files-with-matches show no lines, of which --json gives an object each",
        ),
        (args.files_with_matches and args.follow, "--files-with-matches looks at what is there, -f goes on"),
        (
            args.max_count and args.last is not None and not args.follow,
            "-m shows the first lines, -n the last",
        ),
        (
            args.max_count and (args.after or args.records),
            "-m stops at a line, -A, -C and --records go on after it",
        ),
        (
            shaped and (picks or args.json),
            "--fields and --pretty show a line in their own way, as -o and --json do",
        ),
        (args.time != "none" and (args.json or picks or args.histogram), "--time stands before whole lines"),
        (
            args.fold and (args.json or picks or shaped or args.before or args.after or args.records),
            "--fold puts whole lines together, and nothing else",
        ),
        (args.fold and args.max_count, "-m counts lines, of which --fold shows many at once"),
        (
            args.fold and args.cursor_file,
            "--cursor-file keeps a place between lines, of which --fold shows many at once",
        ),
        (args.frames == "last" and picks, "-o shows what matched, --frames the end of the line"),
        (args.fields is not None and args.pretty, "--fields shows some fields, --pretty all"),
        (args.histogram and args.follow, "--histogram counts what is there, -f goes on"),
        (
            args.histogram and (args.count or args.files_with_matches or args.json or shaped or picks),
            "--histogram shows no lines",
        ),
        (
            args.histogram and (args.after or args.before or args.records),
            "--histogram counts single lines",
        ),
        (picks and args.invert, "-o shows what matched, -v what did not"),
        (picks and args.json, "-o shows what matched, --json the line"),
        (
            picks and (args.before or args.after or args.records),
            "-o shows what matched, not the lines around it",
        ),
    )
    return next((f"{said}: leave one of them out" for both, said in pairs if both), None)


def beside_cursor(args: argparse.Namespace) -> str | None:
    """The first option that shows lines out of their order, more than once, or not to the end."""
    options = {
        "-n": args.last is not None,
        "-c": args.count,
        "--files-with-matches": args.files_with_matches,
        "--histogram": args.histogram,
        "--no-merge": not args.merge and len(args.sources) > 1,
        "-A, -B and -C": bool(args.before or args.after or args.context),
        "--records": args.records,
        "-m": args.max_count is not None,
    }
    return next((option for option, said in options.items() if said), None)
