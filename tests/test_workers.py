import os
import subprocess
import sys

import psutil

from amphitrite.workers import processes

# Says its worker's number, then waits for it to end, which takes too long.
PARENT = """
import os, time
from amphitrite.workers import processes

if __name__ == "__main__":
    with processes(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 600).result()
"""


def test_work_is_done_in_other_processes():
    with processes(2) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()
        assert list(pool.map(abs, [-3, 2])) == [3, 2]


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        parent.kill()
        parent.wait()
        left = psutil.wait_procs([worker], timeout=20)[1]
        for process in left:
            process.kill()
    assert not left
