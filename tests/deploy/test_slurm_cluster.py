"""The scripts on a Slurm of one node: the catalogue of one run, a task requeued."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from astropy.table import QTable
from waiting import waited

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import provision
from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

SUBMIT = Path(__file__).parents[2] / "deploy" / "slurm" / "submit.sh"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
N_STARS, N_SHARDS = 8, 4

pytestmark = [
    pytest.mark.triton,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"Slurm is not installed (slurmctld, slurmd, munge): {MISSING}",
    ),
]

# The first attempt of task 1 lasts until it is requeued.
PROGRAM = """\
#!/bin/sh
{python} -m amphitrite "$@"
code=$?
[ "$SLURM_ARRAY_TASK_ID,$SLURM_RESTART_COUNT" = 1, ] && sleep 600
exit $code
"""
CONFIG = """\
ClusterName=amphitrite
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={slurmd}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
PluginDir={plugins}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def slurm(tmp_path):
    """The environment in which Slurm's programs reach a Slurm of this machine."""
    folder = tmp_path / "slurm"
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    ctld, slurmd = free_port(), free_port()
    plugins = next(
        Path(shutil.which("slurmctld")).parents[1].glob("lib/*/slurm*/auth_munge.so")
    ).parent
    config = folder / "slurm.conf"
    config.write_text(
        CONFIG.format(
            host=socket.gethostname().partition(".")[0],
            user=subprocess.check_output(["id", "-un"], text=True).strip(),
            **{"ctld": ctld, "slurmd": slurmd, "folder": folder, "plugins": plugins},
        )
    )
    environment = {**os.environ, "SLURM_CONF": str(config)}
    stepd = Path(shutil.which("slurmd")).with_name("slurmstepd")
    daemons = (
        [
            *("munged", "--foreground", "--force", f"--key-file={key}"),
            *(f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid"),
            f"--seed-file={folder}/munge.seed",
        ],
        ["slurmctld", "-D", "-f", config],
        ["slurmd", "-D", "-f", config, "-d", stepd],
    )
    with ExitStack() as stack:
        for words in daemons:
            log = stack.enter_context((folder / f"{words[0]}.out").open("wb"))
            daemon = subprocess.Popen(
                words, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            stack.callback(daemon.wait, 60)
            stack.callback(daemon.terminate)
            if words[0] == "munged":
                socket_file = folder / "munge.socket"
                waited(socket_file.exists, (folder / "munged.out").read_text)

        def idle():
            words = ["sinfo", "--noheader", "--format=%T"]
            done = subprocess.run(
                words, env=environment, capture_output=True, text=True
            )
            return done.stdout.strip() == "idle"

        def said():
            return "".join(path.read_text() for path in folder.glob("*.[ol][uo]*"))

        waited(idle, said)
        yield environment


def test_an_array_and_its_merge_give_the_catalogue_of_one_run(slurm, tmp_path):
    (tmp_path / "lc").mkdir()
    for number in range(N_STARS):
        write_star(draw_star(number), tmp_path / "lc")
    program = tmp_path / "bin" / "amphitrite"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    slurm["PATH"] = f"{program.parent}:{slurm['PATH']}"
    out = tmp_path / "eb.fits"
    slurm |= {"N": str(N_SHARDS), "PARTS": str(tmp_path / "parts"), "OUT": str(out)}
    slurm["SBATCH"] = "--cpus-per-task=1"

    def run(*words):
        done = subprocess.run(
            words, cwd=tmp_path, env=slurm, capture_output=True, text=True
        )
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def logs():
        texts = [path.read_text() for path in tmp_path.glob("slurm-*.out")]
        return run("squeue") + "\n".join(texts)

    with LocalTriton(
        checkout_repository(), [MODEL.name], environment=provision()
    ) as triton:
        words = ("calnet", f"{tmp_path}/lc/*.fits", "--workers", "0")
        words = (*words, "--server", triton.grpc_url)
        run("amphitrite", *words, "-o", str(tmp_path / "whole.fits"))
        job = run(SUBMIT, *words).split()[2].rstrip(";")

        def running():
            lines = run("squeue", "--noheader", "--format=%i %T").splitlines()
            return f"{job}_1 RUNNING" in lines

        waited(running, logs)
        run("scontrol", "requeue", f"{job}_1")
        # Slurm waits for two minutes before it starts a requeued task again
        waited(out.exists, logs, 900)
    assert "REQUEUE" in (tmp_path / f"slurm-{job}_1.out").read_text().upper()
    found, expected = QTable.read(out), QTable.read(tmp_path / "whole.fits")
    assert len(found) == N_STARS
    for name in expected.colnames:
        a, b = np.asarray(found[name]), np.asarray(expected[name])
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), name
