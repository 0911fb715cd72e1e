"""What our own tools are run with, so that their profiles can be learned and held against them. Used by learn and current."""

import os
import pty
import shutil
import subprocess
import sys

SOURCE, BUILD = os.environ["CORDON_SOURCE"], os.environ["CORDON_BUILD"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "e2e", "containers"))
import container  # noqa: E402

SELF = os.path.join(SOURCE, "profiles", "self")
CORPUS = os.path.join(SOURCE, "tests", "corpus", "audit")
# Where users keep logs, recordings and profiles; each bears another SELinux label.
PLACES = ("/root/our-tools", "/home/user/our-tools", "/tmp/our-tools")
LOG = "/var/log/audit/audit.log"
TARGETS = {"seccomp": ".seccomp.json", "apparmor": ".apparmor", "selinux": ".pp"}

# set -> the program, and whether AppArmor and SELinux profiles are made from it too: cordon-events is the filter that
# cordon-audit takes for the commands that run no helper.
SETS = {
    "cordon-trace": ("cordon-trace", True), "cordon-events": ("cordon-audit", False), "cordon-audit": ("cordon-audit", True),
    "cordon-triage": ("cordon-triage", True), "cordon-check": ("cordon-check", True), "cordon-synth": ("cordon-synth", True),
    "cordon-record": ("cordon-record", True), "cordon-record-static": ("cordon-record-static", True),
    "cordon-oci": ("cordon-oci", True), "cordon": ("cordon", True),
}
# What these start runs under their filter too, and may be anything: they get none. The child of all but one of them
# leaves the tool's own profile.
STARTERS = ("cordon", "cordon-oci", "cordon-record", "cordon-record-static")
COMPILERS = ("cordon", "cordon-audit", "cordon-check", "cordon-synth", "cordon-triage")  # they run checkmodule(8) and its like
# Hand-written files of profiles/self/bounds for SELinux, beside a set's own, and who gets them.
BOUNDS = {"every-tool": tuple(SETS), "starter": tuple(s for s in STARTERS if s != "cordon-oci"), "compilers": COMPILERS}
SAME_BOUNDS = {"cordon-record-static": "cordon-record"}  # for AppArmor: another's, under the set's own name


def environment(**more):
    """Of a user's shell, without what the tests add."""
    env = dict(os.environ, PATH="/usr/bin:/usr/sbin:/bin:/sbin", HOME="/root", **more)
    for name in ("CORDON_SOURCE", "CORDON_BUILD", "TMPDIR"):
        env.pop(name, None)
    return env


def install():
    """Our tools in /usr and fresh folders, for this mount namespace only."""
    run = lambda *argv: subprocess.run(argv, check=True)
    for place in ("/mnt", "/home", "/var/log/audit"):
        os.makedirs(place, exist_ok=True)
        run("mount", "-t", "tmpfs", "cordon-self", place)
    os.makedirs("/mnt/upper")
    os.makedirs("/mnt/work")
    run("mount", "-t", "overlay", "-o", "lowerdir=/usr,upperdir=/mnt/upper,workdir=/mnt/work", "cordon-self", "/usr")
    for program in sorted({program for program, _ in SETS.values()}):
        shutil.copy2(f"{BUILD}/{program}", f"/usr/bin/{program}")
    for folder in ("profiles", "schemas"):
        shutil.copytree(f"{SOURCE}/{folder}", f"/usr/share/cordon/{folder}")
    shutil.copy(f"{CORPUS}/selinux-raw.log", LOG)
    os.chmod(LOG, 0o600)
    one_cgroup_version()
    for place in PLACES:
        os.makedirs(place, exist_ok=True)
        run("mount", "-t", "tmpfs", "cordon-self", place)
        furnish(place)


def one_cgroup_version():
    """crun refuses a machine that mounts both."""
    if os.path.isdir("/sys/fs/cgroup/unified"):
        subprocess.run(["/bin/sh", "-c", container.CGROUP_V1_VIEW, "sh", "true"], check=True)
    elif not os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"], check=True)


def bundle(place):
    """What crun runs: a shell that ends at once."""
    with container.Container("crun", base=place, change=lambda config: config["root"].update(path="rootfs")) as box:
        box.write_config(["sh", "-c", "exit 0"])
        os.rename(box.dir, f"{place}/bundle")


def remove():
    for place in PLACES:
        subprocess.run(["umount", place], check=True)
        os.rmdir(place)


def tool(*argv, **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(argv, env=environment(CORDON_CONFINE="off"), timeout=300, check=False, **streams)


REFPOLICY = ('type=AVC msg=audit(1700000000.001:1): avc:  denied  { read open getattr } for  pid=1 comm="httpd" name="x" dev="nfs" ino=2 '
             "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:nfs_t:s0 tclass=file permissive=0\n")


def furnish(place):
    """Something to read at each place."""
    with open(f"{place}/refpolicy.log", "w", encoding="ascii") as log:
        log.write(REFPOLICY)
    for log in os.listdir(CORPUS):
        shutil.copy(f"{CORPUS}/{log}", place)
    with open(f"{place}/big.log", "wb") as big, open(f"{place}/selinux-raw.log", "rb") as log:
        big.write(log.read() * 400)  # enough for every thread of the reader
    bundle(place)
    subprocess.run(["gzip", "-k", f"{place}/selinux-raw.log"], check=True)
    subprocess.run(["xz", "-k", f"{place}/seccomp-raw.log"], check=True)
    for i, command in enumerate((["cat", "/etc/hostname"], ["sh", "-c", "ls / | sort >/dev/null"])):
        tool("/usr/bin/cordon-record", "-o", f"{place}/{i}.trace", "--", *command)
    subprocess.run(["strace", "-f", "-o", f"{place}/strace.log", "cat", "/etc/hostname"], stdout=subprocess.DEVNULL, check=False)
    tool("/usr/bin/cordon-synth", "-q", "-n", "app", "-o", f"{place}/app", f"{place}/0.trace")
    tool("/usr/bin/cordon-synth", "-q", "-n", "app", "-o", f"{place}/other", f"{place}/1.trace")


def ways(name, place):
    """The command lines of one set at one place. What they print goes to a file, a pipe or nowhere, as users do it."""
    trace, app, log = f"{place}/0.trace", f"{place}/app/app", f"{place}/selinux-raw.log"
    if name == "cordon-trace":
        for command in ("info", "info --json", "cat", "cat --json", "validate", "list --syscalls --files --net --caps --exec", "merge"):
            yield ["/usr/bin/cordon-trace", *command.split(), trace, f"{place}/1.trace"]
        yield ["/usr/bin/cordon-trace", "diff", trace, f"{place}/1.trace"]
        yield ["/usr/bin/cordon-trace", "merge", "-o", f"{place}/merged.trace", trace, f"{place}/1.trace"]
        yield ["/usr/bin/cordon-trace", "import-strace", "-o", f"{place}/strace.trace", f"{place}/strace.log"]
        yield ["/usr/bin/cordon-trace", "merge", "-o", place, trace]  # fails when the result is renamed
        yield ["/usr/bin/cordon-trace", "info", f"{place}/missing"]
        yield ["/usr/bin/cordon-trace", "info", "-"]
        yield ["/usr/bin/cordon-trace", "--help"]
    if name in ("cordon-events", "cordon-audit"):
        for command in ("events", "facts") if name == "cordon-events" else ("allow", "why", "allow --json", "why --json", "events", "facts"):
            yield ["/usr/bin/cordon-audit", *command.split(), f"{place}/mixed.log"]
            yield ["/usr/bin/cordon-audit", *command.split(), f"{log}.gz", f"{place}/seccomp-raw.log.xz", f"{place}/apparmor.syslog"]
            yield ["/usr/bin/cordon-audit", *command.split(), "-a"]
            yield ["/usr/bin/cordon-audit", *command.split(), "-d"]
            yield ["/usr/bin/cordon-audit", *command.split(), "-"]
            yield ["/usr/bin/cordon-audit", *command.split(), f"{place}/big.log"]
        yield ["/usr/bin/cordon-audit", "events", "--follow", log]
        yield ["/usr/bin/cordon-audit", "events", "--live"]
    if name == "cordon-audit":
        yield ["/usr/bin/cordon-audit", "allow", "-M", f"{place}/local", log]
        yield ["/usr/bin/cordon-audit", "allow", "-R", log]
        yield ["/usr/bin/cordon-audit", "allow", "-R", "-M", f"{place}/refpolicy", f"{place}/refpolicy.log"]  # runs make, m4 and checkmodule
        yield ["/usr/bin/cordon-audit", "allow", "-C", log]
        yield ["/usr/bin/cordon-audit", "allow", "-o", f"{place}/local.te", log]
        yield ["/usr/bin/cordon-audit", "allow", "--target", "apparmor", f"{place}/apparmor.syslog"]
    if name == "cordon-triage":
        for form in ("text", "json", "html", "sarif", "junit", "markdown", "prometheus"):
            yield ["/usr/bin/cordon-triage", "--format", form, "-o", f"{place}/triage.{form}", f"{place}/mixed.log", log, f"{place}/seccomp-raw.log"]
        yield ["/usr/bin/cordon-triage", "-a"]
        yield ["/usr/bin/cordon-triage", "-"]
        yield ["/usr/bin/cordon-triage", f"{place}/big.log"]
        yield ["/usr/bin/cordon-triage", "--follow", log]
        yield ["/usr/bin/cordon-triage", "-d"]
        yield ["/usr/bin/cordon-triage", "--profile", f"{app}.apparmor", "--profile", f"{app}.seccomp.json", f"{place}/apparmor.syslog", f"{place}/seccomp-raw.log"]
        yield ["/usr/bin/cordon-triage", "--write-baseline", f"{place}/accepted.json", "--reason", "known", log]
        yield ["/usr/bin/cordon-triage", "--baseline", f"{place}/accepted.json", f"{log}.gz"]
    if name == "cordon-check":
        yield ["/usr/bin/cordon-check", f"{app}.seccomp.json", f"{app}.apparmor", f"{app}.pp", trace]
        yield ["/usr/bin/cordon-check", "--json", f"{app}.te", f"{app}.fc", f"{app}.apparmor", f"{place}/1.trace"]
        for ending in (".seccomp.json", ".apparmor", ".pp"):
            yield ["/usr/bin/cordon-check", "--diff", app + ending, f"{place}/other/app{ending}"]
        for ending in ("html", "json", "md", "sarif"):
            yield ["/usr/bin/cordon-check", "--report", f"{place}/check.{ending}", f"{app}.seccomp.json", trace]
        yield ["/usr/bin/cordon-check", "--verify", log, "--module", f"{app}.pp"]
        yield ["/usr/bin/cordon-check", "--cost", f"{app}.seccomp.json", trace]
        yield ["/usr/bin/cordon-check", "--prune", "-o", f"{place}/pruned.cil", f"{app}.cil", trace]
        yield ["/usr/bin/cordon-check", "--merge", "-o", f"{place}/merged.cil", f"{app}.cil", f"{app}.cil", f"{place}/other/app.cil"]
    if name == "cordon-synth":
        yield ["/usr/bin/cordon-synth", "-n", "again", "-o", f"{place}/again", trace, f"{place}/1.trace"]
        yield ["/usr/bin/cordon-synth", "-q", "--seccomp", f"{place}/one.json", trace]
        yield ["/usr/bin/cordon-synth", "-q", "--for", "docker", "--seccomp", "-", trace]
        yield ["/usr/bin/cordon-synth", "-q", "--apparmor", f"{place}/updated", "--base", f"{app}.apparmor", f"{place}/1.trace"]
        yield ["/usr/bin/cordon-synth", "-q", "--style", "refpolicy", "--selinux", f"{place}/styled", trace]
        yield ["/usr/bin/cordon-synth", "-q", "--merge", "--minimise", "--seccomp", f"{place}/both.json", f"{app}.seccomp.json", f"{place}/other/app.seccomp.json"]
        yield ["/usr/bin/cordon-synth", "-q", "--for", "podman", "--selinux", f"{place}/container", trace]
    if name in ("cordon-record", "cordon-record-static"):
        yield [f"/usr/bin/{name}", "-o", f"{place}/new.trace", "--", "/usr/bin/cat", "/etc/hostname"]
        yield [f"/usr/bin/{name}", "--append", f"{place}/new.trace", "--", "/usr/bin/true"]
        yield [f"/usr/bin/{name}", "--engine", "notify", "--detail", "args", "-o", f"{place}/notify.trace", "--", "/usr/bin/true"]
        yield [f"/usr/bin/{name}", "--help"]
    if name == "cordon-oci":
        yield ["/usr/bin/cordon-oci", "--help"]
        yield ["/usr/bin/cordon-oci", "--cordon-output", f"{place}/containers", "run", "--bundle", f"{place}/bundle", "cordon-self"]
    if name == "cordon":
        yield ["/usr/bin/cordon", "doctor"]
        yield ["/usr/bin/cordon", "learn", "-n", "app", "-o", f"{place}/learned", "--", "/usr/bin/cat", "/etc/hostname"]
        yield ["/usr/bin/cordon", "try", "--seccomp", f"{app}.seccomp.json", "--", "/usr/bin/cat", "/etc/hostname"]


def record_one(way, trace, engine, on_terminal):
    """One recording. Standard input is a log where the way names '-'; what would not end is interrupted."""
    argv = ["/usr/bin/cordon-record", *engine, "-o", trace, "--", *way]
    if "--follow" in way or "--live" in way:
        argv = ["/usr/bin/timeout", "--preserve-status", "-s", "INT", "2", *argv]
    streams = {"stdin": open(f"{CORPUS}/mixed.log", "rb")} if "-" in way else {}
    if on_terminal:
        ours, theirs = pty.openpty()
        viewer = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        streams.update(stdout=theirs, stderr=theirs)
    done = tool(*argv, **streams)
    if on_terminal:
        os.close(theirs)
        os.close(ours)
        viewer.wait()
    if done.returncode > 4 and done.returncode not in (128 + 2,):
        raise SystemExit(f"{' '.join(way)} ends with {done.returncode}: {(done.stderr or b'').decode()[-500:]}")


def record(name, folder):
    """Recordings of all ways of a set, each at each place; at the last place on a terminal."""
    # A program has one tracer: what a recorder starts is left to it.
    engine = ["--no-follow"] if name in STARTERS else []
    traces = []
    for place in PLACES:
        for way in ways(name, place):
            traces.append(f"{folder}/{name}.{len(traces)}.trace")
            record_one(way, traces[-1], engine, place == PLACES[-1] and "-o" not in way and "--json" not in way)
    return traces
