"""Which keys do what: the one table from which the bindings and the help are made."""

from __future__ import annotations

KEYS: tuple[tuple[str, str, str, str], ...] = (
    # keys as Textual names them, the action, as a person names them, what it does
    ("down,j", "move(1)", "↓ j", "a line on"),
    ("up,k", "move(-1)", "↑ k", "a line back"),
    ("pagedown,space,f,ctrl+f", "page(1)", "PgDn Space f", "a screen on"),
    ("pageup,b,ctrl+b", "page(-1)", "PgUp b", "a screen back"),
    ("d,ctrl+d", "half(1)", "d", "half a screen on"),
    ("u,ctrl+u", "half(-1)", "u", "half a screen back"),
    ("g,home,less_than_sign", "first", "g Home", "the first line"),
    ("G,end,greater_than_sign", "last", "G End", "the last line"),
    ("left", "aside(-1)", "←", "the text to the left"),
    ("right", "aside(1)", "→", "the text to the right"),
    ("", "", "/RE", "search forwards, with Python's re"),
    ("", "", "?RE", "search backwards"),
    ("n", "again(1)", "n", "the next match"),
    ("N", "again(-1)", "N", "the match before"),
    ("e", "error(1)", "e", "the next error"),
    ("E", "error(-1)", "E", "the error before"),
    ("X", "failure", "X", "what failed first, as `logdex ranks` says"),
    ("", "", ":WHERE", "go to 02:10, -5m, step 41000, 1200 (a line), byte 4096, 50%"),
    ("", "", "&RE", "only lines with RE; empty: all lines"),
    ("", "", "l", "only lines of a level or graver; empty: all"),
    ("", "", "r", "only lines of a rank; empty: all"),
    ("", "", "W", "only lines of which a field is so: loss > 3; several: a=b && c>4"),
    ("o", "stream", "o", "only stdout, only stderr, or both"),
    ("right_square_bracket", "rank(1)", "]", "the next rank, at the same moment"),
    ("left_square_bracket", "rank(-1)", "[", "the rank before, at the same moment"),
    ("F", "follow", "F", "show what comes, or stop that"),
    ("m", "mark", "m", "mark the line, or no longer"),
    ("apostrophe", "mark_next(1)", "'", "the next mark"),
    ("quotation_mark", "mark_next(-1)", '"', "the mark before"),
    ("v", "select", "v", "begin a selection, or end it"),
    ("y", "copy", "y", "copy the selection (or the marked lines), with file and line"),
    ("", "", "s", "save it to a file"),
    ("w", "wrap", "w", "wrap long lines, or cut them"),
    ("z", "fold", "z", "fold tracebacks into a line, or show all"),
    ("enter", "open", "Enter", "open a folded traceback, or close it"),
    ("t", "gutter", "t", "show time and rank before each line, or not"),
    ("i", "strip", "i", "show how many lines and errors there were when, or not; a click goes there"),
    ("h,f1", "help", "h", "this help"),
    ("escape,ctrl+c", "stop", "Esc", "end a search, a follow, a selection"),
    ("q,Q", "quit", "q", "quit"),
)

PROMPTS = {"/": "/", "?": "?", ":": ":", "&": "&", "l": "level", "r": "rank", "W": "where", "s": "save to"}
"""The keys that ask for something, and what for."""

HELP = "\n".join(f"{named:<14} {does}" for _, _, named, does in KEYS)
