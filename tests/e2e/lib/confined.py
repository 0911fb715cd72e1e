"""Inside the guest: runs the scenarios under what was learned and writes down what happened.

usage: confined.py apparmor|selinux ROOT SHARE ROUND

ROOT is where the programs lie, SHARE the folder that the guest shares with the host. SHARE/ROUND.json lists the work: the scenario's name, which command
to run (usual, more), and how to put its profile in force. SHARE/ROUND.results.json gets, for each, exit code, output
and the kernel's denials.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scenarios import SCENARIOS, Place  # noqa: E402


def kernel_log():
    return subprocess.run(["dmesg", "--raw"], capture_output=True, check=False).stdout.decode("utf-8", "replace").splitlines()


def load_apparmor(job):
    done = subprocess.run(["apparmor_parser", "-r", "-K", job["profile"]], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def label_selinux(job):
    """Loads the policy and labels the files that there are, one by one, as the host found in the policy's file contexts."""
    with open(job["policy"], "rb") as file, open("/sys/fs/selinux/load", "wb", buffering=0) as load:
        load.write(file.read())
    for path, context in job["labels"]:
        if os.path.lexists(path):
            os.setxattr(path, "security.selinux", context.encode() + b"\0", follow_symlinks=False)
    return ""


PUT_IN_FORCE = {"apparmor": load_apparmor, "selinux": label_selinux}


def enforce(on):
    with open("/sys/fs/selinux/enforce", "w", encoding="ascii") as file:
        file.write("1" if on else "0")


def one_run(kind, place, job, which):
    """From the folder as it should be, with the profile in force: how the run went, and what the kernel said."""
    place.prepare()
    trouble = PUT_IN_FORCE[kind](job)
    if trouble:
        raise RuntimeError(trouble)
    before = len(kernel_log())
    if kind == "selinux":
        enforce(True)
    code, out, err = place.run(which)
    if kind == "selinux":
        enforce(False)
    lines = kernel_log()[before:]
    denials = [line for line in lines if 'apparmor="DENIED"' in line or "avc:  denied" in line]
    return {"code": code, "out": out, "err": err[-2000:], "log": lines, "denials": denials}


def carry_out(kind, root, job):
    place = Place(root, next(s for s in SCENARIOS if s.name == job["name"]))
    try:
        return {"name": job["name"], "runs": {which: one_run(kind, place, job, which) for which in job["runs"]}}
    except RuntimeError as trouble:
        return {"name": job["name"], "trouble": str(trouble)}


def main():
    kind, root, share, name = sys.argv[1:]
    with open(f"{share}/{name}.json", encoding="utf-8") as file:
        jobs = json.load(file)
    results = [carry_out(kind, root, job) for job in jobs]
    with open(f"{share}/{name}.results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)


main()
