"""Which tests stay together when several workers share them."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling


def together(test: str) -> str:
    """Return what a test stays together with: its file, or a survey's serving tests.

    The latter share a server of that survey's models, which takes some seconds to
    export and to start.
    """
    file = PurePosixPath(test.partition("::")[0])
    return str(file.parent if file.parent.parent.name == "serving" else file)


class Together(LoadScopeScheduling):
    """Give tests that stay together to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
