"""Tables of agreement: what cordon-check decides offline and what the kernel answers, access by access.

A prober (programs/prober.c) tries every access unconfined under cordon-record, which gives the facts, and confined in the
guest, which gives the kernel's answers.
"""

import collections
import json
import os
import shutil
import subprocess
import tempfile

from house import E2E, TMP, fault, finish, skip, tool, write

ACCESSES = ("read", "write", "readwrite", "append", "truncate", "chmod", "lock", "mapexec", "exec", "unlink", "rename", "link")
NEW = ("create", "mkdir", "symlink", "mkfifo")
LEAST = 50  # of each answer; a table that is nearly all one answer shows little


class Case:
    def __init__(self, op, path):
        self.op, self.path = op, path
        self.other = path + ".new" if op in ("rename", "link") else ""

    def line(self):
        return f"{self.op} {self.path} {self.other}".rstrip()


def all_cases(root, groups):
    """Every access to every name: ROOT/ACCESS/GROUP/NAME. Groups are rows of a name and the names within."""
    return [Case(op, f"{root}/{op}/{group}/{name}") for group, names in groups for op in ACCESSES + NEW for name in names]


def prepare(cases, program):
    """The files as they are before the accesses: programs, so that they can be run; `theirs` belongs to another."""
    for case in cases:
        os.makedirs(os.path.dirname(case.path), exist_ok=True)
        for path in filter(os.path.lexists, (case.path, case.other)):
            os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
        if case.op not in NEW:
            shutil.copy(program, case.path)
            if case.path.endswith("/theirs"):
                os.chown(case.path, 65534, 65534)


def facts_by_path(trace):
    """path -> ids of the facts that name it."""
    found = collections.defaultdict(set)
    for line in tool("cordon-trace", "merge", trace).stdout.splitlines():
        fact = json.loads(line)
        if fact["kind"] == "fact" and fact["operation"]["op"] in ("file", "exec"):
            found[fact["operation"]["path"]].add(fact["id"])
    return found


def offline(check, trace, cases, stricter):
    """What cordon-check says of each case, denied if any fact of its paths is, with its words."""
    report = json.loads(tool("cordon-check", "--json", *check, trace, code=(0, 1)).stdout)
    rulings = {d["id"]: d for p in report["profiles"] for d in p["decisions"]}
    by_path = facts_by_path(trace)
    for case in cases:
        facts = by_path.get(case.path, set()) | (by_path.get(case.other, set()) if case.other else set())
        said = [rulings[i] for i in sorted(facts) if i in rulings]
        denied = [d for d in said if d["ruling"] == "denied"]
        if denied and all((case.op, d["fact"].split(" ")[0]) in {row[:2] for row in stricter} for d in denied):
            denied = [] if any(d["ruling"] == "allowed" and d["fact"].startswith("exec ") for d in said) else denied
        words = "; ".join(f"{d['fact']} -> {d['ruling']} {d['why']}" for d in said)
        yield "denied" if denied else "allowed" if said else "no fact", words


def build(root):
    """The prober and a program of a few bytes, both static: what a C library needs would hide what is tried."""
    prober, small = f"{root}/prober", f"{root}/small"
    subprocess.run(["cc", "-O1", "-static", "-o", prober, f"{E2E}/programs/prober.c"], check=True)
    subprocess.run(["cc", "-Os", "-static", "-nostdlib", "-xc", "-o", small, "-"], check=True, text=True,
                   input='void _start(void) { __asm__ volatile("syscall" ::"a"(60), "D"(0)); }\n')
    return prober, small


def compare(kind, stricter=()):
    """kind has groups, policy(root, prober, cases) -> the arguments of cordon-check, and answers(root, prober, cases) ->
    the kernel's. stricter: rows of an access, the fact's first word and the reason why cordon-check asks for more."""
    if os.geteuid() != 0:
        skip("not root: the table's files lie under /var/lib, where the guest sees them")
    if not shutil.which("cc"):
        skip("no C compiler")
    root = tempfile.mkdtemp(prefix="cordon-e2e-", dir="/var/lib")
    os.chmod(root, 0o755)
    try:
        prober, small = build(root)
        cases = all_cases(root, kind.groups)
        write(f"{root}/list", "".join(c.line() + "\n" for c in cases))
        check = kind.policy(root, prober, cases)
        prepare(cases, small)
        bare = tool("cordon-record", "-o", f"{TMP}/t", "--", prober, f"{root}/list").stdout.decode().split()
        ours = list(offline(check, f"{TMP}/t", cases, stricter))
        prepare(cases, small)
        kernel = kind.answers(root, prober, cases)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    if len(kernel) != len(cases) or len(bare) != len(cases):
        fault(f"{len(cases)} accesses, {len(kernel)} answers confined, {len(bare)} recorded")
    for case, theirs, (mine, why), plain in zip(cases, kernel, ours, bare):
        if plain != "allowed":
            fault(f"{case.line()}: {plain} even unconfined")
        elif theirs != mine:
            fault(f"{case.line().replace(root, '')}: the kernel says {theirs}, cordon-check {mine}: {why}")
    counts = collections.Counter(kernel)
    if min(counts["allowed"], counts["denied"]) < LEAST:
        fault(f"the table is lopsided: {dict(counts)}")
    finish(f"{len(cases)} accesses ({counts['allowed']} allowed, {counts['denied']} denied)")
