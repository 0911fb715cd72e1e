"""The programs that are learned outside, loaded in the guest and run there confined.

Each has a folder of its own, `{dir}`, which `prepare` fills the same way outside and in the guest. `usual` is what is
learned. `more` does one thing beyond it: the confined program must fail at it, and succeed once the denial
that the kernel logged has been fed back.
"""

import dataclasses
import os
import shutil
import subprocess

PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs")


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    usual: tuple  # argv; {dir} and {bin} are filled in
    more: tuple
    files: dict = dataclasses.field(default_factory=dict)  # name in {dir} -> content
    source: str = ""  # a C file of programs/ that becomes {bin}/NAME
    compiler: tuple = ("cc", "-O1")
    needs: tuple = ()  # programs
    more_paths: tuple = ()  # what the rules for `more` must name, and nothing else


SCENARIOS = (
    Scenario("pipeline", ("{bin}/pipeline.sh", "{dir}"), ("{bin}/pipeline.sh", "{dir}", "{dir}/secret"),
             {"words": "pear\napple\nfig\n", "secret": "aardvark\n"}, "pipeline.sh", more_paths=("{dir}/secret",)),
    Scenario("sqlite", ("/usr/bin/sqlite3", "{dir}/shop.db", "create table t(a); insert into t values(1),(2); select sum(a) from t;"),
             ("/usr/bin/sqlite3", "{dir}/shop.db", "create table t(a); insert into t values(1),(2); select sum(a) from t;",
              ".read {dir}/other.sql"),
             {"other.sql": "select 'other';\n"}, needs=("sqlite3",), more_paths=("{dir}/other.sql",)),
    Scenario("web", ("{bin}/web.py", "{dir}"), ("{bin}/web.py", "{dir}", "second.html"),
             {"index.html": "<p>first\n", "second.html": "<p>second\n"}, "web.py", more_paths=("{dir}/second.html",)),
    Scenario("daemon", ("{bin}/daemon", "{dir}"), ("{bin}/daemon", "{dir}", "{dir}/open"), {"open": "12345"},
             "dropping_daemon.c", more_paths=("{dir}/open",)),
    Scenario("compat32", ("{bin}/compat32", "{dir}"), ("{bin}/compat32", "{dir}", "{dir}/second"),
             {"in": "hello\n", "second": "other\n"}, "compat32.c", ("i686-linux-gnu-gcc", "-O1", "-static"),
             ("i686-linux-gnu-gcc",), more_paths=("{dir}/second",)),
    Scenario("renaming", ("{bin}/renaming", "{dir}"), ("{bin}/renaming", "{dir}", "{dir}/other/state"), {"other/keep": ""},
             "renaming.c", more_paths=("{dir}/other/state",)),
    Scenario("capable", ("{bin}/capable", "{dir}"), ("{bin}/capable", "{dir}", "chroot"), {}, "capable.c"),
    Scenario("helpers", ("{bin}/helpers.sh", "{dir}"), ("{bin}/helpers.sh", "{dir}", "{dir}/others"),
             {"words": "banana\napple\n", "others": "zebra\nant\n"}, "helpers.sh", more_paths=("{dir}/others",)),
)


class Place:
    """Where a scenario's programs and files lie; the same path outside and in the guest."""

    def __init__(self, root, scenario):
        self.scenario = scenario
        self.bin = os.path.join(root, "bin")
        self.dir = os.path.join(root, scenario.name)

    def fill(self, words):
        return [w.replace("{dir}", self.dir).replace("{bin}", self.bin) for w in words]

    def missing(self):
        return [n for n in self.scenario.needs if not shutil.which(n)]

    def build(self):
        """Compiles or copies the program. Raises CalledProcessError."""
        os.makedirs(self.bin, exist_ok=True)
        source = os.path.join(PROGRAMS, self.scenario.source)
        if self.scenario.source.endswith(".c"):
            target = os.path.join(self.bin, self.scenario.name)
            subprocess.run([*self.scenario.compiler, "-o", target, source], check=True, timeout=120)
        elif self.scenario.source:
            shutil.copy(source, self.bin)

    def prepare(self):
        """The folder as it is before each run."""
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        for name, content in self.scenario.files.items():
            os.makedirs(os.path.dirname(os.path.join(self.dir, name)), exist_ok=True)
            with open(os.path.join(self.dir, name), "w", encoding="utf-8") as file:
                file.write(content)

    def run(self, which, timeout=60):
        """(exit code, standard output, standard error) of the scenario's `usual` or `more`."""
        argv = self.fill(getattr(self.scenario, which))
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                                  cwd="/", check=False)
            return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            return 124, "", f"stopped after {timeout} s"
        except OSError as error:
            return 126, "", str(error)
