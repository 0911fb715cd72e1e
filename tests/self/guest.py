"""Inside the guest: our tools, installed and confined by profiles/self, at the work of ways.py.

usage: guest.py apparmor|selinux SHARE

SHARE/labels.json lists [path, context] for SELinux. SHARE/free.json gets, or has, what the exit codes are without a
profile. SHARE/results.json gets a row a command line: argv, its exit code without and with the profiles in force, and
what the kernel denied meanwhile.
"""

import json
import os
import shutil
import subprocess
import sys

os.environ.setdefault("CORDON_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
os.environ.setdefault("CORDON_BUILD", os.path.join(os.environ["CORDON_SOURCE"], ".build/release/bin"))
import ways  # noqa: E402

PLACE = "/root/our-tools"


def install():
    """The guest's root is a throw-away layer over the host's."""
    for program in sorted({program for program, _ in ways.SETS.values()}):
        shutil.copy2(f"{ways.BUILD}/{program}", f"/usr/bin/{program}")
    shutil.rmtree("/usr/share/cordon", ignore_errors=True)
    for folder in ("profiles", "schemas"):
        shutil.copytree(f"{ways.SOURCE}/{folder}", f"/usr/share/cordon/{folder}")
    ways.one_cgroup_version()
    os.makedirs(os.path.dirname(ways.LOG), exist_ok=True)
    shutil.copy(f"{ways.CORPUS}/selinux-raw.log", ways.LOG)


def load_apparmor():
    names = sorted({program for program, modules in ways.SETS.values() if modules})
    subprocess.run(["apparmor_parser", "-r", "-K", *(f"{ways.SELF}/{name}.apparmor" for name in names)], check=True)


def label(path, context):
    os.setxattr(path, "security.selinux", context.encode() + b"\0", follow_symlinks=False)


def label_selinux(share):
    with open(f"{share}/labels.json", encoding="utf-8") as file:
        rows = json.load(file)
    for path, context in rows:
        if os.path.lexists(path):
            label(path, context)
    for link in ("/bin", "/sbin"):
        label(link, "system_u:object_r:bin_t:s0")
    label("/root", "system_u:object_r:user_home_dir_t:s0")  # as genhomedircon(8) has it


def enforce(on):
    if os.path.exists("/sys/fs/selinux/enforce"):
        with open("/sys/fs/selinux/enforce", "w", encoding="ascii") as file:
            file.write("1" if on else "0")


def kernel_log():
    return subprocess.run(["dmesg", "--raw"], capture_output=True, check=False).stdout.decode("utf-8", "replace").splitlines()


def command_lines():
    """What ends by itself and reads nothing of the machine that differs from boot to boot."""
    for name in ways.SETS:
        for way in ways.ways(name, PLACE):
            if not {"--follow", "--live", "-d", "-a"} & set(way) and f"{PLACE}/big.log" not in way:
                yield way


def run_all():
    """(exit code, what was denied) of each command line."""
    shutil.rmtree(PLACE, ignore_errors=True)
    os.makedirs(PLACE)
    if os.path.exists("/sys/fs/selinux/enforce"):
        label(PLACE, "system_u:object_r:user_home_t:s0")
    ways.furnish(PLACE)
    for way in command_lines():
        before = len(kernel_log())
        with open(f"{ways.CORPUS}/mixed.log" if "-" in way else "/dev/null", "rb") as file:
            done = subprocess.run(way, env=ways.environment(), stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300, check=False)
        denied = [line for line in kernel_log()[before:] if 'apparmor="DENIED"' in line or "avc:  denied" in line]
        yield way, done.returncode, done.stderr.decode("utf-8", "replace")[-300:], denied


def exit_codes(share):
    """Without a profile: from the guest before, if there was one."""
    path = f"{share}/free.json"
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump([code for _, code, _, _ in run_all()], file)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    kind, share = sys.argv[1:]
    install()
    free = exit_codes(share)
    if kind == "apparmor":
        load_apparmor()
    else:
        label_selinux(share)
    enforce(True)
    bound = list(run_all())
    enforce(False)
    rows = [{"argv": way, "free": code, "bound": bound_code, "words": words, "denied": denied}
            for code, (way, bound_code, words, denied) in zip(free, bound)]
    with open(f"{share}/results.json", "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)


main()
