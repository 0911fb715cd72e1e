"""What the tests of cordon-audit share."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.environ.get("CORDON_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(os.environ["CORDON_BUILD"], "cordon-audit")
CORPUS = os.path.join(SOURCE, "tests/corpus/audit")
POLICY_DIR = "/etc/selinux/default/policy"
faults = []


def policy():
    """Debian's policy, or the test is skipped."""
    names = sorted(os.listdir(POLICY_DIR)) if os.path.isdir(POLICY_DIR) else []
    if not names:
        skip("selinux-policy-default is not installed")
    return os.path.join(POLICY_DIR, names[-1])


def skip(reason):
    print(reason)
    sys.exit(77)


def source_by_apt(package, folder, scratch):
    """`folder` of a Debian source package that apt brings into `scratch`, with lists of its own; None where it cannot."""
    described = "/etc/apt/sources.list.d/debian.sources"
    if not shutil.which("apt-get") or not shutil.which("dpkg-source") or not os.path.exists(described):
        return None
    os.makedirs(f"{scratch}/parts")
    os.makedirs(f"{scratch}/lists/partial")
    with open(described, encoding="utf-8") as file, open(f"{scratch}/parts/s.sources", "w", encoding="utf-8") as out:
        out.write(re.sub("^Types: deb$", "Types: deb-src", file.read(), flags=re.M))
    apt = ["apt-get", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={scratch}/parts", "-o", f"Dir::State::lists={scratch}/lists", "-qq"]
    try:
        for words in (["update"], ["source", package]):
            if subprocess.run([*apt, *words], cwd=scratch, capture_output=True, timeout=120, check=False).returncode != 0:
                return None
    except subprocess.TimeoutExpired:
        return None
    return next((f for f in sorted(glob.glob(f"{scratch}/**/{folder}", recursive=True)) if os.path.isdir(f)), None)


def run(*words, stdin=b"", timeout=60):
    if isinstance(stdin, str):
        stdin = stdin.encode()
    return subprocess.run([TOOL, *words], input=stdin, capture_output=True, timeout=timeout, check=False)


def run_json(*words, stdin=b""):
    return json.loads(run(*words, "--json", stdin=stdin).stdout)


def check(holds, what):
    if not holds:
        faults.append(what)


def finish(said):
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{len(faults)} faults" if faults else said)
    sys.exit(1 if faults else 0)


def avc(perms="read", source="httpd_t", target="etc_t", klass="file", rest="", serial=1, permissive="0"):
    return (f"type=AVC msg=audit(1700000000.000:{serial}): avc:  denied  {{ {perms} }} for  pid=1 {rest} "
            f"scontext=system_u:system_r:{source}:s0 tcontext=system_u:object_r:{target}:s0 tclass={klass} permissive={permissive}\n")
