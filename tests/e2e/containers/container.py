#!/usr/bin/env python3
"""Run one command in a throw-away container, made of files of this machine: no registry, no image store.

As a module: Container(...).run(argv) gives a subprocess.CompletedProcess. As a program:

    container.py --engine crun --seccomp FILE --bin /usr/bin/sqlite3 -- sqlite3 :memory: 'select 1'

The exit status is the command's; 125 is trouble of our own. Works as root. crun refuses a machine that mounts both
cgroup versions, so it gets a mount namespace in which only the first is to be seen.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What Docker grants by default (moby oci/caps/defaults.go).
CAPS = ("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT "
        "KILL AUDIT_WRITE").split()

CGROUP_V1_VIEW = """mount --make-rprivate / && umount -R -l /sys/fs/cgroup
mount -t tmpfs cgroup /sys/fs/cgroup
for c in devices pids cpu cpuacct cpuset memory freezer blkio; do
  mkdir /sys/fs/cgroup/$c && mount -t cgroup -o $c $c /sys/fs/cgroup/$c || rmdir /sys/fs/cgroup/$c
done 2>/dev/null
exec "$@"
"""


def missing(engine):
    """What keeps the engine from running here, in words; None if nothing does."""
    if os.geteuid() != 0:
        return "containers need root here"
    for tool in {engine, "busybox"} | ({"crun"} if engine == "podman" else set()):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return None


def libraries(path):
    out = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    found = re.findall(r"=> (/\S+)", out) + re.findall(r"^\s*(/\S+) \(", out, re.M)
    return sorted(set(found))


class Container:
    def __init__(self, engine, seccomp=None, bins=(), files=(), mounts=(), nnp=True, network="none", env=(),
                 caps=CAPS, wrap=(), base=None, userland=True, through=(), flags=(), change=None):
        self.engine, self.seccomp, self.nnp, self.network = engine, seccomp, nnp, network
        self.mounts, self.env, self.caps, self.wrap = list(mounts), list(env), list(caps), list(wrap)
        # A program that stands in front of the runtime, with its options; further options of podman run; what else to
        # change in config.json.
        self.through, self.flags, self.change = [str(w) for w in through], list(flags), change
        self.dir = Path(tempfile.mkdtemp(prefix="cordon-container-", dir=base))
        self.root = self.dir / "rootfs"
        self.runs = 0
        self._build_root(bins, files, userland)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def _build_root(self, bins, files, userland):
        for name in "bin dev proc sys tmp etc root run var/tmp usr/lib usr/lib64".split():
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("tmp", "var/tmp"):
            (self.root / name).chmod(0o1777)
        for name in ("lib", "lib64"):
            (self.root / name).symlink_to(f"usr/{name}")
        (self.root / "usr/bin").symlink_to("../bin")
        (self.root / "usr/sbin").symlink_to("../bin")
        (self.root / "sbin").symlink_to("bin")
        (self.root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
        (self.root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
        self.dir.chmod(0o755)
        if userland:
            busybox = shutil.which("busybox")
            shutil.copy(busybox, self.root / "bin/busybox")
            subprocess.run([busybox, "--install", "-s", self.root / "bin"], check=True)
        for path in bins:
            self.add_program(path)
        for path in files:
            self.add_file(path)

    def add_file(self, path):
        """A file or tree, at the same place inside."""
        target = self.root / str(Path(path)).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(path).is_dir():
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
        else:
            if target.is_symlink():
                target.unlink()
            shutil.copy(path, target)

    def add_program(self, path):
        real = shutil.which(path) or path
        self.add_file(real)
        for library in libraries(real):
            self.add_file(library)

    def write_config(self, argv):
        path = self.dir / "config.json"
        path.unlink(missing_ok=True)
        subprocess.run([self.engine, "spec"], cwd=self.dir, check=True)
        config = json.loads(path.read_text())
        process = config["process"]
        bounded = int(re.search(r"CapBnd:\s*(\w+)", Path("/proc/self/status").read_text())[1], 16)
        names = capability_names()
        caps = [f"CAP_{c}" for c in self.caps if c in names and bounded >> names.index(c) & 1]
        process.update(terminal=False, args=list(argv), cwd="/", noNewPrivileges=self.nnp,
                       env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", *self.env],
                       capabilities={"bounding": caps, "effective": caps, "permitted": caps},
                       rlimits=[{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}])
        config["root"] = {"path": str(self.root), "readonly": False}
        linux = config["linux"]
        linux.pop("resources", None)
        linux.pop("seccomp", None)
        if self.network == "host":
            linux["namespaces"] = [n for n in linux["namespaces"] if n["type"] != "network"]
        if self.seccomp is not None:
            linux["seccomp"] = json.loads(Path(self.seccomp).read_text())
        for source, target in self.mounts:
            config["mounts"].append({"destination": target, "source": str(source), "type": "bind", "options": ["rbind"]})
        if self.change:
            self.change(config)
        path.write_text(json.dumps(config))

    def run(self, argv, timeout=60, stdin=subprocess.DEVNULL, **kwargs):
        self.runs += 1
        name = f"cordon-{os.getpid()}-{self.dir.name[-8:]}-{self.runs}"
        view = []
        if Path("/sys/fs/cgroup/unified").is_dir() and self.engine != "runc":
            view = ["unshare", "-m", "/bin/sh", "-c", CGROUP_V1_VIEW, "sh"]
        if self.engine == "podman":
            command = self._podman(argv)
        else:
            self.write_config(argv)
            manager = ["--cgroup-manager=disabled"] if self.engine == "crun" else []
            command = [*(self.through or [self.engine]), *manager, "run", "--bundle", str(self.dir), name]
        env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", XDG_RUNTIME_DIR=str(self.dir))
        try:
            return subprocess.run([*view, *self.wrap, *command], stdin=stdin, capture_output=True, timeout=timeout,
                                  env=env, check=False, **kwargs)
        except subprocess.TimeoutExpired:
            if self.engine != "podman":
                subprocess.run([*view, self.engine, "delete", "-f", name], env=env, capture_output=True, check=False)
            raise

    def _podman(self, argv):
        options = ["--rm", "--network", self.network, "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
                   "--security-opt", f"seccomp={self.seccomp or 'unconfined'}"]
        if self.nnp:
            options += ["--security-opt", "no-new-privileges"]
        for source, target in self.mounts:
            options += ["-v", f"{source}:{target}"]
        for entry in self.env:
            options += ["--env", entry]
        return ["podman", "--root", str(self.dir / "store"), "--runroot", str(self.dir / "run"), "--storage-driver", "vfs",
                "--cgroup-manager=cgroupfs", "--events-backend=none", "--runtime", (self.through or ["crun"])[0],
                *[w for flag in self.through[1:] for w in ("--runtime-flag", flag.lstrip("-"))], "run", *options, *self.flags, "--rootfs",
                str(self.root), *argv]


def capability_names():
    text = Path("/usr/include/linux/capability.h").read_text()
    return [name for name, _ in sorted(((m[1], int(m[2])) for m in
            re.finditer(r"^#define CAP_([A-Z_]+)\s+(\d+)$", text, re.M)), key=lambda pair: pair[1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=["crun", "runc", "podman"], default="crun")
    parser.add_argument("--seccomp", help="an OCI profile; none: unconfined")
    parser.add_argument("--bin", action="append", default=[], help="a program, with its libraries")
    parser.add_argument("--file", action="append", default=[], help="a file or tree")
    parser.add_argument("--mount", action="append", default=[], help="SOURCE:TARGET")
    parser.add_argument("--new-privileges", action="store_true", help="do not set no_new_privs")
    parser.add_argument("--network", choices=["none", "host"], default="none")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    reason = missing(args.engine)
    if reason:
        print(f"container.py: {reason}", file=sys.stderr)
        return 125
    with Container(args.engine, args.seccomp, args.bin, args.file, [m.split(":", 1) for m in args.mount],
                   not args.new_privileges, args.network) as container:
        done = container.run(args.command)
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
