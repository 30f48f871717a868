"""The instructions of a pickle, as far as databases of maps need them.

An instruction that is not here is refused: objects of classes, sets, entries of the
registry of extensions, objects that are kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from amphitrite.shown import shown
from amphitrite.surveys.darkcnn.prepare.pickled_arrays import (
    ADMITTED,
    Constructor,
    Unbuilt,
    called,
)

_MOST_MARKS: Final = 100
_LONGEST_NAME: Final = 200
_VALUES: Final = {
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2"),
    *("LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LENGTHS: Final = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class NotAdmittedError(Exception):
    """What a pickle asks for is not admitted; the message says what it is."""


class Machine:
    """The stack, the marks on it and the memory of a pickle's instructions."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def follow(self, name: str, argument: Any) -> None:
        """Follow one instruction.

        Parameters
        ----------
        name : str
            Its name in `pickletools`.
        argument : object
            What stands behind it, as `pickletools` decodes it.

        Raises
        ------
        NotAdmittedError
            It is not admitted, or asks for what is not.
        LookupError, TypeError, ValueError
            It cannot be followed, since the pickle is damaged.
        """
        if name in _VALUES:
            self.stack.append(_CONSTANTS.get(name, argument))
        elif name in _LENGTHS:
            self.join(_LENGTHS[name])
        elif name in _STEPS:
            _STEPS[name](self, argument)
        else:
            raise NotAdmittedError(f"the instruction {name}")

    def pop(self) -> Any:
        """Take the value on top."""
        return self.stack.pop()

    def mark(self) -> None:
        """Mark where the values of a container begin."""
        if len(self.marks) >= _MOST_MARKS:
            raise NotAdmittedError(f"more than {_MOST_MARKS} containers in one another")
        self.marks.append(len(self.stack))

    def above_mark(self) -> list[Any]:
        """Take what lies above the last mark."""
        place = self.marks.pop()
        taken = self.stack[place:]
        del self.stack[place:]
        return taken

    def join(self, n: int) -> None:
        """Put the last values together to a tuple."""
        if n > len(self.stack):
            raise ValueError("a tuple of values that are not there")
        place = len(self.stack) - n
        self.stack[place:] = [tuple(self.stack[place:])]

    def extend(self, values: list[Any]) -> None:
        """Put values into the list below."""
        if not isinstance(self.stack[-1], list):
            raise TypeError("values for a list that is none")
        self.stack[-1].extend(values)

    def update(self, values: list[Any]) -> None:
        """Put keys and values, one after the other, into the dictionary below."""
        if not isinstance(self.stack[-1], dict):
            raise TypeError("values for a dictionary that is none")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str | int | float):
                raise NotAdmittedError("a key that is no text or number")
            self.stack[-1][key] = value

    def dictionary(self) -> None:
        """Make a dictionary of what lies above the last mark."""
        values = self.above_mark()
        self.stack.append({})
        self.update(values)

    def keep(self, key: int) -> None:
        """Remember the value on top under a number."""
        value = self.memo[key] = self.stack[-1]
        if isinstance(value, Unbuilt):
            value.memo_keys.append(key)

    def name(self, module: Any, name: Any) -> None:
        """Put the constructor of an admitted name on top."""
        # Texts only: to hash or to print nested tuples may take for ever.
        if not (isinstance(module, str) and isinstance(name, str)):
            raise TypeError("a name that is no text")
        if (module, name) not in ADMITTED:
            text = shown(f"{module}.{name}".replace("\n", " "))
            raise NotAdmittedError(f"the name {text[:_LONGEST_NAME]}")
        self.stack.append(ADMITTED[module, name])

    def call(self) -> None:
        """Call a constructor with the arguments on top."""
        arguments, constructor = self.pop(), self.pop()
        if not isinstance(constructor, Constructor):
            raise NotAdmittedError("a call of what is no constructor")
        self.stack.append(called(constructor, arguments))

    def build(self) -> None:
        """Give the array or data type below the state on top."""
        state, unbuilt = self.pop(), self.pop()
        if not isinstance(unbuilt, Unbuilt):
            raise NotAdmittedError("a state for what is no array")
        built = unbuilt.built(state)
        self.stack.append(built)
        for key in unbuilt.memo_keys:
            self.memo[key] = built


def _last_two(machine: Machine) -> list[Any]:
    """Take the two values on top of the stack, the lower one first."""
    machine.join(2)
    return list(machine.pop())


_Step = Callable[[Machine, Any], Any]
_STEPS: Final[dict[str, _Step]] = {
    "PROTO": lambda machine, argument: None,
    "FRAME": lambda machine, argument: None,
    "MARK": lambda machine, argument: machine.mark(),
    "POP": lambda machine, argument: machine.pop(),
    "POP_MARK": lambda machine, argument: machine.above_mark(),
    "DUP": lambda machine, argument: machine.stack.append(machine.stack[-1]),
    "EMPTY_LIST": lambda machine, argument: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, argument: machine.stack.append({}),
    "DICT": lambda machine, argument: machine.dictionary(),
    "LIST": lambda machine, argument: machine.stack.append(machine.above_mark()),
    "TUPLE": lambda machine, argument: machine.stack.append(
        tuple(machine.above_mark())
    ),
    "APPEND": lambda machine, argument: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, argument: machine.extend(machine.above_mark()),
    "SETITEM": lambda machine, argument: machine.update(_last_two(machine)),
    "SETITEMS": lambda machine, argument: machine.update(machine.above_mark()),
    "MEMOIZE": lambda machine, argument: machine.keep(len(machine.memo)),
    **dict.fromkeys(
        ("PUT", "BINPUT", "LONG_BINPUT"), lambda machine, key: machine.keep(key)
    ),
    **dict.fromkeys(
        ("GET", "BINGET", "LONG_BINGET"),
        lambda machine, key: machine.stack.append(machine.memo[key]),
    ),
    "GLOBAL": lambda machine, text: machine.name(*text.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, argument: machine.name(*_last_two(machine)),
    "REDUCE": lambda machine, argument: machine.call(),
    "BUILD": lambda machine, argument: machine.build(),
}
