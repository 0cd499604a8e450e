"""Completion for bash and zsh, made from the options themselves."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from logdex.jobs.listing import SCHEDULER

_BASH = """\
# bash completion for logdex: put this into ~/.local/share/bash-completion/completions/logdex
_logdex() {{
    local IFS=$'\\n' word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} typed options
    COMPREPLY=()
    typed=${{COMP_LINE:0:${{COMP_POINT:-0}}}}
    typed=${{typed##*[[:space:]]}}
    typed=${{typed:-$word}}
{commands}
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
        [[ $COMP_CWORD == 1 ]] && COMPREPLY+=($(compgen -W $'{names}' -- "$word"))
        [[ $typed == *://* || ( $typed && {scheduler}:// == "$typed"* ) ]] && _logdex_handles "$typed"
    fi
}}
_logdex_handles() {{
    # A colon parts words, so of what was typed only the part behind the last one is replaced.
    local handle colon=
    [[ $COMP_WORDBREAKS == *:* && $1 == *:* ]] && colon=${{1%"${{1##*:}}"}}
    while read -r handle; do
        [[ $handle == "$1"* ]] && COMPREPLY+=("${{handle#"$colon"}}") && compopt +o filenames 2> /dev/null
    done < <(logdex ls --handles -n 200 -- "$1" 2> /dev/null)
}}
complete -o filenames -o bashdefault -F _logdex logdex
"""

_ZSH = """\
#compdef logdex
# zsh completion for logdex: put this into a file _logdex in a directory of $fpath
_logdex_source() {{
    if [[ $PREFIX == *://* || ( -n $PREFIX && {scheduler}:// == $PREFIX* ) ]]; then
        compadd -- ${{(f)"$(logdex ls --handles -n 200 -- $PREFIX 2> /dev/null)"}}
    fi
    _files
}}
_logdex_first() {{ compadd {names}; _logdex_source }}
{commands}
"""


def script(shell: str, lines: argparse.ArgumentParser, others: Mapping[str, argparse.ArgumentParser]) -> str:
    """A completion script for `shell`, "bash" or "zsh", for `logdex` and its commands `others`, by name."""
    bash = shell == "bash"
    branch = _bash_branch if bash else _zsh_branch
    commands = "".join(
        branch("if" if number == 0 else "elif", name, parser)
        for number, (name, parser) in enumerate(others.items())
    )
    commands += _bash_otherwise(lines) if bash else _zsh_otherwise(lines)
    names = ("\\n" if bash else " ").join(others)
    return (_BASH if bash else _ZSH).format(commands=commands, names=names, scheduler=SCHEDULER)


def _bash_branch(word: str, name: str, parser: argparse.ArgumentParser) -> str:
    condition = f"[[ $COMP_CWORD -gt 1 && ${{COMP_WORDS[1]}} == {name} ]]"
    return f"    {word} {condition}; then\n{_bash(_options(parser))}\n"


def _bash_otherwise(parser: argparse.ArgumentParser) -> str:
    return f"    else\n{_bash(_options(parser))}\n    fi"


def _zsh_branch(word: str, name: str, parser: argparse.ArgumentParser) -> str:
    condition = f"(( CURRENT > 2 )) && [[ $words[2] == {name} ]]"
    options = _zsh(_options(parser))
    return f"{word} {condition}; then\n    _arguments -s \\\n{options}\n    '*:source:_logdex_source'\n"


def _zsh_otherwise(parser: argparse.ArgumentParser) -> str:
    options = _zsh(_options(parser))
    return f"else\n    _arguments -s \\\n{options}\n    '1:source:_logdex_first' \\\n    '*:source:_logdex_source'\nfi"


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
