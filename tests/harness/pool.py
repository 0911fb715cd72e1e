"""Runs items side by side, each with a private TMPDIR, a time limit and its own process group."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from outcome import Case, Ended, Result

OUTPUT_LIMIT = 1 << 20  # bytes of a test's output that are kept


def patience():
    """How much longer than on an idle machine a test may take: what others run here is not the test's fault."""
    return min(5.0, max(1.0, os.getloadavg()[0] / (2 * len(os.sched_getaffinity(0)))))


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def execute(item, tmp):
    argv = [a.replace("@TMP@", tmp) for a in item.argv]
    out_path = os.path.join(tmp, ".output")
    with open(out_path, "wb") as out:
        try:
            # A group of its own, to be killed as a whole, but no session: job control ignores stops in orphaned groups.
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=item.cwd,
                                       env=dict(item.env, TMPDIR=tmp), process_group=0)
        except OSError as error:
            return Ended(127, str(error), tmp, False)
        timed_out = False
        try:
            process.wait(item.timeout * patience())
        except subprocess.TimeoutExpired:
            timed_out = True
        kill_group(process)
        process.wait()
    with open(out_path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - OUTPUT_LIMIT))
        output = file.read().decode("utf-8", "backslashreplace")
    return Ended(124 if timed_out else process.returncode, output, tmp, timed_out)


def run_one(item):
    if item.skip:
        return Result(item, [Case(item.name, "skipped", item.skip)], 0.0, False)
    tmp = tempfile.mkdtemp(prefix="ct-")  # short: sockets and podman's runroot have narrow limits
    os.chmod(tmp, 0o755)  # some tests give up root and must still reach their files
    start = time.monotonic()
    try:
        return Result(item, item.read(item, execute(item, tmp)), time.monotonic() - start, True)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def run_all(items, jobs, progress):
    """The results, in the order in which they came. Items marked `alone` run last, one by one."""
    together, alone = [i for i in items if not i.alone], [i for i in items if i.alone]
    results, lock, queue = [], threading.Lock(), iter(together)

    def finish(result):
        with lock:
            results.append(result)
            progress(result)

    def worker():
        while True:
            with lock:
                item = next(queue, None)
            if item is None:
                return
            finish(run_one(item))

    threads = [threading.Thread(target=worker) for _ in range(min(jobs, max(1, len(together))))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for item in alone:
        finish(run_one(item))
    return results
