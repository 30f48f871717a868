"""checkov finds nothing in the chart but what is excused here."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from charts.rendering import CI, NAMESPACE, render_file

ROOT = Path(__file__).parents[3]
CHECKOV = ROOT / ".venv" / "checkov" / "bin" / "checkov"

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not CHECKOV.is_file(),
        reason=f"{CHECKOV.relative_to(ROOT)} is not installed: make chart-tools",
    ),
]

ALL = ("Deployment", "Job", "Pod")
# Kinds in which a check may fail, each for a reason.
EXCUSED = {
    # "Image Pull Policy should be Always": versions are fixed, and a node that holds
    # one can start a Triton while the registry is away
    "CKV_K8S_15": ALL,
    # "Image should use digest": possible, by image.digest; the examples are readable
    "CKV_K8S_43": ALL,
    # "Containers should run as a high UID": 1000 is the user of Triton's container, and
    # security.runAsUser changes it
    "CKV_K8S_40": ALL,
    # "Prefer using secrets as files": Triton takes the key on its command line alone,
    # where Kubernetes puts a variable and no file
    "CKV_K8S_35": ("Deployment",),
    # "Liveness/Readiness Probe Should be Configured": the pod of helm test ends itself
    "CKV_K8S_8": ("Pod",),
    "CKV_K8S_9": ("Pod",),
}
PRIVILEGED = "CKV_K8S_16"


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Return the checks that failed, as (check, kind, file)."""
    folder = tmp_path_factory.mktemp("rendered")
    for name in CI:
        objects = [
            {**found, "metadata": {**found["metadata"], "namespace": NAMESPACE}}
            for found in render_file(name)
        ]
        (folder / f"{name}.yaml").write_text(yaml.safe_dump_all(objects))
    container = {"name": "x", "image": "x:1", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
    pod["spec"] = {"containers": [container]}
    (folder / "privileged.yaml").write_text(yaml.safe_dump(pod))
    options = ("--framework", "kubernetes", "--compact", "--quiet", "--skip-download")
    done = subprocess.run(
        [CHECKOV, "--directory", folder, *options, "--output", "json"],
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0, done.stderr
    return {
        (
            found["check_id"],
            found["resource"].partition(".")[0],
            Path(found["file_path"]).stem,
        )
        for found in report["results"]["failed_checks"]
    }


def test_nothing_is_found_but_what_is_excused(failed):
    found = {entry for entry in failed if entry[2] != "privileged"}
    assert not {
        (check, kind, name)
        for check, kind, name in found
        if kind not in EXCUSED.get(check, ())
    }
    assert {check for check, _, _ in found} == set(EXCUSED), "an excuse has no reason"


def test_a_privileged_container_is_found(failed):
    assert (PRIVILEGED, "Pod", "privileged") in failed
