"""The packages of the server's environment: all of them, and which files."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from packaging.requirements import Requirement

from amphitrite.errors import ProvisioningError
from amphitrite.server.host import check_host, this_host
from amphitrite.server.pins import digest, pins, requirements
from amphitrite.server.provision import ServerEnvironment, provision

REQUIRES = """
import json
from importlib.metadata import distributions
print(json.dumps([[d.metadata["Name"], d.requires or []] for d in distributions()]))
"""


@pytest.fixture(scope="module")
def environment() -> ServerEnvironment:
    try:
        check_host(this_host())
    except ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    return provision()


@pytest.mark.parametrize("gpu", [False, True])
def test_every_package_has_a_version_and_the_digests_of_its_files(gpu: bool) -> None:
    text = requirements(gpu=gpu).read_text()
    entries = re.findall(r"^([a-z0-9-]+)==(\S+) \\\n((?: {4}--hash=.*\n)+)", text, re.M)
    assert {name: version for name, version, _ in entries} == pins(gpu=gpu)
    for _, _, hashes in entries:
        assert re.fullmatch(
            r"(?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n){1,2}", hashes
        )
    assert "//" not in text, "no package index is named"
    assert digest(gpu=gpu) != digest(gpu=not gpu)


def test_both_lists_agree_where_they_share_a_package() -> None:
    cpu, gpu = pins(gpu=False), pins(gpu=True)
    assert {name: gpu.get(name) for name in cpu if name != "onnxruntime"} == {
        name: version for name, version in cpu.items() if name != "onnxruntime"
    }
    assert gpu["onnxruntime-gpu"] == cpu["onnxruntime"]


@pytest.mark.triton
def test_nothing_that_a_listed_package_needs_is_left_out(
    environment: ServerEnvironment,
) -> None:
    said = subprocess.run(
        [environment.python, "-I", "-c", REQUIRES],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    listed = pins(gpu=False)
    seen = set()
    for name, needs in json.loads(said):
        plain = name.lower().replace("_", "-")
        if plain not in listed or plain == "nvidia-pytriton":
            continue  # of the server's wheel, only the server itself is used
        seen.add(plain)
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                version = listed[need.name.lower().replace("_", "-")]
                assert need.specifier.contains(version), f"{name} needs {need}"
    assert seen == listed.keys() - {"nvidia-pytriton"}
