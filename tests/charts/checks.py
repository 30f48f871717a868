"""All that must hold for the objects of any release, whatever its values are.

Each check takes the objects and raises an AssertionError, so that the tests of the
chart and those of spoiled copies of it run the same ones.
"""

from charts import network, references, security, serving, surveys

PREFIX = "check_"
CHECKS = {
    name.removeprefix(PREFIX): check
    for module in (network, references, security, serving, surveys)
    for name, check in vars(module).items()
    if name.startswith(PREFIX)
}


def failed(objects):
    """Return the names of the checks that some objects fail."""
    found = set()
    for name, check in CHECKS.items():
        try:
            check(objects)
        except (AssertionError, KeyError, ValueError):
            found.add(name)
    return found
