"""What the tests with containers share: recordings read, conditions waited for, cases run."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e/containers"))
import container  # noqa: E402, F401

BUILD = Path(os.environ.get("CORDON_BUILD", HERE.parents[1] / ".build/release/bin"))
HYBRID = Path("/sys/fs/cgroup/unified").is_dir()
# What a runtime does to set a container up, and a shell does not.
SET_UP = {"pivot_root", "mount", "umount2", "setns", "unshare", "sethostname", "capset", "keyctl"}


def through(engine, out, *more):
    return [BUILD / "cordon-oci", f"--cordon-runtime={shutil.which(engine)}", f"--cordon-output={out}", *more]


def trace_of(out):
    found = list(Path(out).glob("*.trace"))
    assert len(found) == 1, found
    return found[0]


def lines(trace):
    return [json.loads(line) for line in Path(trace).read_text(errors="surrogateescape").splitlines()]


def calls(trace):
    done = subprocess.run([BUILD / "cordon-trace", "list", "--syscalls", trace], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def equal(got, wanted):
    assert got == wanted, f"{got!r}, not {wanted!r}"


def wait_for(condition, what, seconds=20):
    until = time.time() + seconds
    while not condition():
        assert time.time() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def run_cases(tests):
    """Each test_NAME of a module in a folder of its own; the first argument is a part of the names wanted."""
    failed = ran = 0
    for name, test in sorted(tests.items()):
        if not name.startswith("test_") or (len(sys.argv) > 1 and sys.argv[1] not in name):
            continue
        ran += 1
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            began = time.time()
            try:
                test()
                print(f"{name}: fine, {time.time() - began:.1f} s", flush=True)
            except Exception:
                failed += 1
                print(f"--- {name}", flush=True)
                traceback.print_exc(file=sys.stdout)
            os.chdir("/")
    print(f"{ran} cases, {failed} failed")
    return 1 if failed or not ran else 0
