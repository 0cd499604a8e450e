"""Completion for bash and zsh, made from the options themselves."""

from __future__ import annotations

import argparse

_BASH = """\
# bash completion for logdex: put this into ~/.local/share/bash-completion/completions/logdex
_logdex() {{
    local IFS=$'\\n' word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} options
    COMPREPLY=()
    if [[ $COMP_CWORD -gt 1 && ${{COMP_WORDS[1]}} == ranks ]]; then
{ranks}
    elif [[ $COMP_CWORD -gt 1 && ${{COMP_WORDS[1]}} == index ]]; then
{index}
    else
{lines}
    fi
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
        [[ $COMP_CWORD == 1 ]] && COMPREPLY+=($(compgen -W $'ranks\\nindex' -- "$word"))
    fi
}}
complete -o filenames -o bashdefault -F _logdex logdex
"""

_ZSH = """\
#compdef logdex
# zsh completion for logdex: put this into a file _logdex in a directory of $fpath
_logdex_first() {{ compadd ranks index; _files }}
if (( CURRENT > 2 )) && [[ $words[2] == ranks ]]; then
    _arguments -s \\
{ranks}
    '*:source:_files'
elif (( CURRENT > 2 )) && [[ $words[2] == index ]]; then
    _arguments -s \\
{index}
    '*:source:_files'
else
    _arguments -s \\
{lines}
    '1:source:_logdex_first' \\
    '*:source:_files'
fi
"""


def script(
    shell: str,
    lines: argparse.ArgumentParser,
    ranks: argparse.ArgumentParser,
    index: argparse.ArgumentParser,
) -> str:
    """A completion script for `shell`, "bash" or "zsh", for `logdex`, `logdex ranks` and `logdex index`."""
    said, form = (_bash, _BASH) if shell == "bash" else (_zsh, _ZSH)
    return form.format(lines=said(_options(lines)), ranks=said(_options(ranks)), index=said(_options(index)))


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _bash(actions: list[argparse.Action]) -> str:
    lines = ["        case $before in"]
    for action in actions:
        names = "|".join(action.option_strings)
        if action.choices:
            words = "\\n".join(map(str, action.choices))
            lines.append(f"        {names}) COMPREPLY=($(compgen -W $'{words}' -- \"$word\")); return ;;")
        elif action.nargs != 0 and action.metavar != "FILE":
            lines.append(f"        {names}) return ;;")
    options = "\\n".join(name for action in actions for name in action.option_strings)
    return "\n".join([*lines, "        esac", f"        options=$'{options}'"])


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
    return "\n".join(lines)
