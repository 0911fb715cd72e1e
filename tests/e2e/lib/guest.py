"""The machine that tests/e2e/vm boots: where its kernel comes from, its boot files, its qemu process."""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "modprobe": "kmod", "dpkg-deb": "dpkg"}
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def lacks(reason):
    print(f"vm: {reason}", file=sys.stderr)
    sys.exit(77)


def trouble(reason):
    print(f"vm: {reason}", file=sys.stderr)
    sys.exit(125)


def natural(name):
    """A sort key under which 6.1.0-10 comes after 6.1.0-9."""
    return [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)]


def tail(path, lines):
    try:
        with open(path, "rb") as file:
            text = file.read()[-8000:].decode("utf-8", "replace").replace("\r", "")
    except OSError:
        return ""
    return "\n".join(text.rstrip().split("\n")[-lines:])


def cache_dir():
    base = os.environ.get("CORDON_TEST_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "cordon-tests")
    os.makedirs(base, mode=0o755, exist_ok=True)
    return base


class Lock:
    """Held while one process fills a part of the cache that others wait for."""

    def __init__(self, name):
        self.path = os.path.join(cache_dir(), name + ".lock")

    def __enter__(self):
        self.file = open(self.path, "w", encoding="ascii")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_):
        self.file.close()


class Kernel:
    """A vmlinuz and the root under which its lib/modules lie."""

    def __init__(self, image, root):
        self.image, self.root = image, root
        self.version = os.path.basename(image).removeprefix("vmlinuz-")

    def module_files(self):
        """The files of MODULES and what they need, in the order of loading; None where one is missing."""
        files = []
        for module in MODULES:
            done = subprocess.run(["modprobe", "-d", self.root, "-S", self.version, "--show-depends", module],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                return None
            for line in done.stdout.splitlines():
                word, _, path = line.partition(" ")
                if word == "insmod" and path.strip() not in files:
                    files.append(path.strip())
        return files

    def elf(self):
        """The ELF image inside, which boots without the slow decompression in the emulator."""
        with open(self.image, "rb") as file:
            data = file.read()
        start = (data[0x1F1] + 1) * 512 + struct.unpack_from("<I", data, 0x248)[0]
        packed = data[start:start + struct.unpack_from("<I", data, 0x24C)[0] - 4]
        for magic, tool in ((b"\xfd7zXZ", ["xz", "-dc", "--single-stream"]), (b"\x28\xb5\x2f\xfd", ["zstd", "-dcq"]),
                            (b"\x1f\x8b", ["gzip", "-dc"])):
            if packed.startswith(magic):
                out = subprocess.run(tool, input=packed, capture_output=True, check=False).stdout
                if out.startswith(b"\x7fELF"):
                    return out
        return data


def installed_kernel():
    images = sorted(glob.glob("/boot/vmlinuz-*"), key=natural, reverse=True)
    for image in images:
        kernel = Kernel(image, "/")
        if os.access(image, os.R_OK) and kernel.module_files():
            return kernel
    return None


def cached_kernel():
    for image in sorted(glob.glob(os.path.join(cache_dir(), "kernel-*", "boot", "vmlinuz-*")), key=natural, reverse=True):
        return Kernel(image, os.path.dirname(os.path.dirname(image)))
    return None


def newest_package():
    """The package that Debian's linux-image-amd64 stands for."""
    done = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True, check=False)
    found = re.findall(r"Depends: (linux-image-[0-9]\S*-amd64)\b", done.stdout)
    return found[0] if found else None


def fetch_kernel():
    """Downloads and unpacks the kernel's package into the cache; nothing is installed."""
    package = newest_package()
    if not package:
        lacks("no kernel in /boot that has the 9p modules, and apt knows no linux-image-amd64 (run apt-get update)")
    work = tempfile.mkdtemp(prefix="fetch-", dir=cache_dir())
    os.chmod(work, 0o755)
    try:
        done = subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", package], cwd=work,
                              capture_output=True, text=True, check=False)
        debs = glob.glob(os.path.join(work, "*.deb"))
        if done.returncode or not debs:
            lacks(f"no kernel in /boot that has the 9p modules, and {package} cannot be downloaded: {done.stderr.strip()[-200:]}")
        root = os.path.join(work, "root")
        subprocess.run(["dpkg-deb", "-x", debs[0], root], check=True)
        version = package.removeprefix("linux-image-")
        subprocess.run(["depmod", "-b", root, version], check=True)
        os.rename(root, os.path.join(cache_dir(), "kernel-" + version))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def find_kernel(wanted):
    if wanted:
        kernel = Kernel(wanted, "/")
        return kernel if kernel.module_files() else lacks(f"{wanted}: no 9p and overlay modules in /lib/modules/{kernel.version}")
    with Lock("kernel"):
        kernel = installed_kernel() or cached_kernel()
        if not kernel:
            fetch_kernel()
            kernel = cached_kernel()
        return kernel


def newc(entries):
    """A cpio archive in the `newc` form of the kernel's Documentation/driver-api/early-userspace: (name, mode, bytes)."""
    out = bytearray()
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        path = name.encode() + b"\0"
        head = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        out += b"070701" + b"".join(b"%08x" % v for v in head) + path
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def initramfs(modules):
    folders = ["bin", "mod", "proc", "sys", "dev", "run", "job", "lower", "upper", "root"]
    entries = [(name, 0o40755, b"") for name in folders]

    def add(name, mode, path):
        with open(path, "rb") as file:
            entries.append((name, 0o100000 | mode, file.read()))

    add("bin/busybox", 0o755, shutil.which("busybox"))
    add("init", 0o755, os.path.join(HERE, "guest-init"))
    for path in modules:
        add("mod/" + os.path.basename(path), 0o644, path)
    order = "".join(os.path.basename(p) + "\n" for p in modules).encode()
    return newc([*entries, ("mod/order", 0o100644, order)])


def kvm_works():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        able = re.search(r"\b(vmx|svm)\b", file.read())
    return bool(able) and os.access("/dev/kvm", os.R_OK | os.W_OK)


class Machine:
    def __init__(self, args):
        for tool, package in TOOLS.items():
            if not shutil.which(tool):
                lacks(f"{tool} is missing (apt: {package})")
        self.args = args
        self.accel = args.accel if args.accel != "auto" else "kvm" if kvm_works() else "tcg"
        self.elf, self.ramdisk, self.key = self.boot_files(find_kernel(args.kernel))
        self.snapshot = self.accel == "tcg" and not args.no_snapshot

    def boot_files(self, kernel):
        modules = kernel.module_files()
        digest = hashlib.sha256(kernel.version.encode())
        for path in (os.path.join(HERE, "guest-init"), shutil.which("busybox")):
            with open(path, "rb") as file:
                digest.update(file.read())
        digest.update(str(os.stat(kernel.image).st_mtime_ns).encode())
        key = f"{kernel.version}-{digest.hexdigest()[:12]}"
        folder = os.path.join(cache_dir(), "boot-" + key)
        with Lock("boot"):
            if not os.path.isdir(folder):
                work = tempfile.mkdtemp(prefix="build-", dir=cache_dir())
                for name, data in (("vmlinux", kernel.elf()), ("initramfs", initramfs(modules))):
                    with open(os.path.join(work, name), "wb") as file:
                        file.write(data)
                os.rename(work, folder)
        return os.path.join(folder, "vmlinux"), os.path.join(folder, "initramfs"), key

    def kernel_line(self, waits):
        words = ["console=ttyS0 quiet panic=-1 reboot=t mitigations=off nokaslr random.trust_cpu=on audit=1",
                 "audit_backlog_limit=65536 printk.devkmsg=on log_buf_len=4M"]
        if self.accel == "tcg":  # one processor needs no ACPI, and the kernel boots faster without
            words.append("cryptomgr.notests no_timer_check")
            words.append("tsc=reliable acpi=off pci=conf1" if self.args.cpus == 1 else "tsc=unstable")
        words.append({"apparmor": "apparmor=1 security=apparmor", "none": "apparmor=0 selinux=0",
                      "selinux": "selinux=1 security=selinux enforcing=0 apparmor=0"}[self.args.lsm])
        return " ".join([*words, self.args.append, "cordon.wait" if waits else ""]).strip()

    def qemu(self, run, waits, control):
        accel = ["-accel", "kvm", "-cpu", "host"] if self.accel == "kvm" else ["-accel", "tcg,thread=multi", "-cpu", "max"]
        argv = ["qemu-system-x86_64", "-M", "pc,usb=off", *accel, "-smp", str(self.args.cpus), "-m", str(self.args.memory),
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", self.elf, "-initrd", self.ramdisk, "-append", self.kernel_line(waits),
                "-chardev", f"file,id=console,path={run}/console", "-serial", "chardev:console",
                "-device", "virtio-serial-pci", "-chardev", control, "-device", "virtserialport,chardev=control,name=control"]
        shares = [("hostroot", "/", ",readonly=on"), ("job", f"{run}/job", "")]
        shares += [(f"share{i}", d, "") for i, d in enumerate(self.args.share)]
        for tag, path, more in shares:
            path = path.replace(",", ",,")
            argv += ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap{more}",
                     "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        return argv

    def state_path(self):
        version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=False).stdout
        words = [self.key, self.kernel_line(True), self.args.cpus, self.args.memory, len(self.args.share), version]
        return os.path.join(cache_dir(), "state-" + hashlib.sha256(repr(words).encode()).hexdigest()[:16])

    def saved_state(self, run):
        """A file that holds the guest as it stands just before it mounts anything; None where saving failed."""
        state = self.state_path()
        with Lock(os.path.basename(state)):
            if not os.path.exists(state):
                self.save(run, state)
        return state if os.path.exists(state) else None

    def save(self, run, state):
        argv = [*self.qemu(run, True, "null,id=control"), "-monitor", "stdio"]
        with open(f"{run}/qemu.log", "wb") as log:
            machine = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=log, stderr=log)
            try:
                until = time.monotonic() + min(120, self.args.timeout)
                while machine.poll() is None and "GUEST-WAITS" not in tail(f"{run}/console", 5):
                    if time.monotonic() > until:
                        return
                    time.sleep(0.05)
                machine.communicate(f'migrate "exec:cat >{state}.new"\ninfo migrate\nquit\n'.encode(), 60)
            except subprocess.TimeoutExpired:
                return
            finally:
                machine.kill()
                machine.wait()
        if "Migration status: completed" in tail(f"{run}/qemu.log", 200):
            os.rename(f"{state}.new", state)
        os.unlink(f"{run}/console")

    def run(self, run):
        state = self.saved_state(run) if self.snapshot else None
        argv = self.qemu(run, bool(state), "stdio,id=control,signal=off")
        if state:
            argv += ["-incoming", f"exec:cat {state}"]
        with open(f"{run}/qemu.log", "wb") as log:
            machine = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=log, stderr=log)

            def stop(*_):
                machine.kill()
                sys.exit(143)

            signal.signal(signal.SIGTERM, stop)
            try:
                machine.stdin.write(b"go\n")
                machine.stdin.flush()
                machine.wait(self.args.timeout)
                return f"qemu ended with {machine.returncode}"
            except subprocess.TimeoutExpired:
                return "timeout"
            finally:
                machine.kill()
                machine.wait()
