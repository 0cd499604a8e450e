"""Completion for bash and zsh, made from the options themselves."""

from __future__ import annotations

import argparse

_BASH = """\
# bash completion for logdex: put this into ~/.local/share/bash-completion/completions/logdex
_logdex() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    COMPREPLY=()
    case $before in
{cases}
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "{options}" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
        [[ $COMP_CWORD == 1 && ranks == "$word"* ]] && COMPREPLY+=(ranks)
    fi
}}
complete -o filenames -o bashdefault -F _logdex logdex
"""

_ZSH = """\
#compdef logdex
# zsh completion for logdex: put this into a file _logdex in a directory of $fpath
_arguments -s \\
{options}
    '*:source:_files'
"""


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """A completion script for `shell`, "bash" or "zsh"."""
    actions = [action for action in parser._actions if action.option_strings]
    return _bash(actions) if shell == "bash" else _zsh(actions)


def _bash(actions: list[argparse.Action]) -> str:
    cases = []
    for action in actions:
        names = "|".join(action.option_strings)
        if action.choices:
            words = " ".join(map(str, action.choices))
            cases.append(f'        {names}) COMPREPLY=($(compgen -W "{words}" -- "$word")); return ;;')
        elif action.nargs != 0:
            cases.append(f"        {names}) return ;;")
    options = " ".join(name for action in actions for name in action.option_strings)
    return _BASH.format(cases="\n".join(cases), options=options)


def _zsh(actions: list[argparse.Action]) -> str:
    lines = []
    for action in actions:
        help_ = (
            (action.help or "")
            .replace("'", "'\\''")
            .replace("[", "\\[")
            .replace("]", "\\]")
            .replace(":", "\\:")
        )
        value = ""
        if action.choices:
            value = f":value:({' '.join(map(str, action.choices))})"
        elif action.nargs != 0:
            value = f":{(action.metavar or 'value')}:"
        names = action.option_strings
        every = "'*'" if isinstance(action, argparse._AppendAction) else f"'({' '.join(names)})'"
        lines += [
            f"    {every}{{{','.join(names)}}}'[{help_}]{value}' \\"
            if len(names) > 1
            else f"    '{names[0]}[{help_}]{value}' \\"
        ]
    return _ZSH.format(options="\n".join(lines))
