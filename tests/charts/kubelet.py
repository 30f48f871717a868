"""Containers of rendered pods, run as processes of this machine."""

import os
import re
import subprocess


def run(container, folders, programs=(), **environment):
    """Run a container's command as a kubelet would, with folders in place of volumes.

    Parameters
    ----------
    container : dict
        A container of a rendered pod.
    folders : dict of str to Path
        The folder on this machine for each path of the container.
    programs : iterable of Path
        Folders with programs, before those of this machine.
    **environment : str
        Variables that Kubernetes sets by itself.

    Returns
    -------
    subprocess.CompletedProcess
    """
    given = {v["name"]: v["value"] for v in container.get("env", []) if "value" in v}
    given |= environment
    words = [*container.get("command", []), *container.get("args", [])]
    words = [placed(expanded(word, given), folders) for word in words]
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    return subprocess.run(
        words,
        cwd=folders.get(container.get("workingDir"), "/"),
        env=os.environ | given | {"PATH": path},
        capture_output=True,
        text=True,
    )


def expanded(word, variables):
    """Return a word with the variables $(NAME) that are known."""
    return re.sub(r"\$\((\w+)\)", lambda found: variables.get(found[1], found[0]), word)


def placed(word, folders):
    """Return a word with paths of the container as those of this machine."""
    for inside, outside in folders.items():
        word = re.sub(rf"^{re.escape(inside)}(?=/|$)", str(outside), word)
    return word
