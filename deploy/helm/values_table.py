"""Print the table of the chart's values, as its README has it."""

import re
import sys
from pathlib import Path

VALUES = Path(__file__).with_name("amphitrite") / "values.yaml"
_LINE = re.compile(r"( *)(\w+):(?: (.+))?")
_EMPTY = ('""', "[]", "{}", "null")


def rows(text):
    """Yield the path, the default and the comment of each value.

    Parameters
    ----------
    text : str
        The content of values.yaml, where a value and its comment are a line each.
    """
    path, comment = [], ""
    for line in filter(None, text.splitlines()):
        if line.lstrip().startswith("# "):
            comment = line.lstrip().removeprefix("# ")
            continue
        indent, key, value = _LINE.fullmatch(line).groups()
        path = [*path[: len(indent) // 2], key]
        if value is not None:
            yield ".".join(path), value, comment
        comment = ""


def table(text):
    """Return the table in Markdown."""
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for path, value, comment in rows(text):
        default = "" if value in _EMPTY else f"`{value}`"
        lines.append(f"| `{path}` | {default} | {comment} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table(VALUES.read_text()))
