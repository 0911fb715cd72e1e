"""What the scripts of this folder share: our programs, the guest, and a list of faults."""

import json
import os
import subprocess
import sys

SOURCE, BUILD = os.environ["CORDON_SOURCE"], os.environ["CORDON_BUILD"]
TMP = os.environ.get("TMPDIR", "/tmp")
E2E = os.path.join(SOURCE, "tests", "e2e")
FAULTS = []


def fault(*words):
    FAULTS.append(" ".join(str(w) for w in words))


def skip(reason):
    print(reason)
    sys.exit(77)


def finish(words):
    print("\n".join(FAULTS))
    print(f"{words}, {len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


def tool(name, *argv, code=(0,), **options):
    """Runs one of our programs. An exit code that is not in `code` is a fault; gives the finished process."""
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        skip(f"{name} is not built")
    done = subprocess.run([path, *argv], capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=False, **options)
    if done.returncode not in code:
        fault(f"{name} {' '.join(argv)} ends with {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-1500:]}")
    return done


def guest(lsm, command, *options, timeout=400):
    """Runs a command in the guest; skips the whole script where there is none."""
    done = subprocess.run([f"{E2E}/vm", "--lsm", lsm, "--timeout", str(timeout), *options, "--", *command],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        skip(done.stderr.strip().rsplit("\n", 1)[-1])
    if done.returncode:
        fault(f"the guest's {command} ends with {done.returncode}: {done.stdout[-1000:]} {done.stderr[-3000:]}")
    return done


def write(path, text):
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    return path


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
