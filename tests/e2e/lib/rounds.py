"""The rounds in which learned programs prove themselves under a kernel that enforces.

First round: each program does what it did while it was recorded, with the same output and exit code and no denial, then one
thing more, which must be denied. Next rounds: the denials so far have been fed back, until it succeeds at both.
What differs between AppArmor and SELinux is the `kind`: see the scripts that call `prove`.
"""

import json
import os
import re
import shutil
import tempfile

from house import E2E, TMP, fault, finish, guest, read_json, skip, tool, write
from scenarios import SCENARIOS, Place


LIFTS = 3  # a denial may hide another: the open behind a rename


class Rounds:
    """kind has: name (the guest's security module), options (of the guest), synthesise(scenario, place, out, traces) -> a
    dict for lib/confined.py, rules(out) -> a set of strings, asked_for(scenario, place, rule) -> is a new rule right,
    missing(scenario, place, new) -> what new rules lack, unforeseen: rows of a pattern of log lines and the reason
    why no recording made here can foresee that denial."""

    def __init__(self, kind, root):
        self.kind, self.root = kind, root
        self.expected = {}

    def out(self, scenario, which):
        folder = os.path.join(TMP, scenario.name + "." + which)
        os.makedirs(folder, exist_ok=True)
        return folder

    def job(self, scenario, which, traces):
        place = Place(self.root, scenario)
        made = self.kind.synthesise(scenario, place, self.out(scenario, which), traces)
        return dict(made, name=scenario.name, runs=["usual", "more"])

    def trace(self, scenario):
        return os.path.join(TMP, scenario.name + ".trace")

    def learn(self, scenario):
        """Records the usual run here, notes what both runs should do, and checks the profile offline."""
        place = Place(self.root, scenario)
        place.build()
        expected = self.expected[scenario.name] = {}
        for which in ("usual", "more"):
            place.prepare()
            expected[which] = place.run(which)
        place.prepare()
        tool("cordon-record", "-o", self.trace(scenario), "--", *place.fill(scenario.usual), code=(expected["usual"][0],), cwd="/")
        return self.job(scenario, "0", [self.trace(scenario)])

    def in_guest(self, name, jobs):
        write(f"{TMP}/{name}.json", json.dumps(jobs))
        guest(self.kind.name, ["/usr/bin/python3", "-B", f"{E2E}/lib/confined.py", self.kind.name, self.root, TMP, name], "--share", TMP,
              *self.kind.options)
        path = f"{TMP}/{name}.results.json"
        return {r["name"]: r for r in read_json(path)} if os.path.exists(path) else {}

    def same(self, name, which, run):
        code, out, _ = self.expected[name][which.split(" ", maxsplit=1)[0]]
        if (run["code"], run["out"]) != (code, out):
            fault(f"{name}: {which} gives {run['code']} {run['out']!r} {run['err'][-300:]!r} confined, {code} {out!r} unconfined;",
                  f"{len(run['denials'])} denials:", *run["denials"][:6])

    def unexpected(self, lines):
        """Without the denials that the recording could not foresee: see the kind's list, with the reasons."""
        return [line for line in lines if not any(re.search(pattern, line) for pattern, _ in self.kind.unforeseen)]

    def judge_first(self, result):
        """Gives the log of the run that was denied, or None where nothing can be fed back."""
        name = result["name"]
        if "trouble" in result:
            fault(f"{name}: the profile cannot be put in force: {result['trouble']}")
            return None
        usual, more = result["runs"]["usual"], result["runs"]["more"]
        self.same(name, "usual", usual)
        for line in self.unexpected(usual["denials"])[:8]:
            fault(f"{name}: denied although it was recorded: {line}")
        if (more["code"], more["out"]) == self.expected[name]["more"][:2] or not more["denials"]:
            fault(f"{name}: what was not recorded is not denied: {more['code']} {more['out']!r}, {len(more['denials'])} denials")
            return None
        return self.unexpected(more["log"])

    def feed_back(self, scenario, log, number):
        """The next profile: from the recording and the kernel's logs so far. New rules are about the denial alone."""
        place = Place(self.root, scenario)
        done = tool("cordon-audit", "facts", write(f"{TMP}/{scenario.name}.{number}.log", "\n".join(log) + "\n"))
        facts = f"{TMP}/{scenario.name}.{number}.trace"
        with open(facts, "wb") as file:
            file.write(done.stdout)
        traces = [self.trace(scenario), *(f"{TMP}/{scenario.name}.{n}.trace" for n in range(1, number + 1))]
        job = self.job(scenario, str(number), traces)
        new = self.kind.rules(scenario, self.out(scenario, str(number))) - self.kind.rules(scenario, self.out(scenario, "0"))
        for rule in sorted(r for r in new if not self.kind.asked_for(scenario, place, r)):
            fault(f"{scenario.name}: a rule that no denial asked for: {rule}")
        for word in self.kind.missing(scenario, place, new):
            fault(f"{scenario.name}: no new rule about {word}; new are: {sorted(new)}")
        return job

    def judge_next(self, result, last):
        """The usual run stays as it was; the other succeeds, or runs into the denial behind the one that was lifted."""
        name = result["name"]
        if "trouble" in result:
            fault(f"{name}: the next profile cannot be put in force: {result['trouble']}")
            return None
        self.same(name, "usual after feeding back", result["runs"]["usual"])
        more = result["runs"]["more"]
        if self.unexpected(more["denials"]) and not last:
            return self.unexpected(more["log"])
        self.same(name, "more after feeding back", more)
        return None

    def run(self, scenarios):
        by_name = {s.name: s for s in scenarios}
        results = self.in_guest("first", [self.learn(s) for s in scenarios])
        logs = {name: self.judge_first(result) for name, result in results.items()}
        for number in range(1, LIFTS + 1):
            jobs = [self.feed_back(by_name[name], log, number) for name, log in logs.items() if log]
            if not jobs:
                return
            results = self.in_guest(f"round{number}", jobs)
            logs = {name: self.judge_next(result, number == LIFTS) for name, result in results.items()}


def prove(kind):
    if os.geteuid() != 0:
        skip("not root: the programs give files away and drop privileges")
    if not shutil.which("cc"):
        skip("no C compiler")
    wanted = os.environ.get("CORDON_SCENARIOS", "").split()
    root = tempfile.mkdtemp(prefix="cordon-e2e-", dir="/var/lib")
    os.chmod(root, 0o755)
    try:
        able = [s for s in SCENARIOS if not Place(root, s).missing() and (not wanted or s.name in wanted)]
        Rounds(kind, root).run(able)
        for scenario in SCENARIOS:
            if scenario not in able and not wanted:
                print(f"left out: {scenario.name}, for want of {Place(root, scenario).missing()}")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    finish(f"{len(able)} programs")
