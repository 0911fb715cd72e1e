"""What there is to run: Catch2 binaries, executable scripts, sanitized runs and fuzz corpora."""

import dataclasses
import os
import re
import xml.etree.ElementTree as xml

from outcome import Case, exit_words

# Folders of tests/ that hold no scripts to run, or whose programs another item runs.
NOT_SUITES = {"unit", "workloads", "corpus", "fuzz", "bench", "harness"}
DIRECTIVE = re.compile(r"^(?:# )?(timeout|full-only|alone|helper): *(.*)$")


@dataclasses.dataclass(frozen=True)
class Setting:
    source: str
    build: str
    asan: str  # the build with sanitizers, or ""
    quick: bool
    bless: bool

    def environment(self):
        env = dict(os.environ, CORDON_BUILD=os.path.join(self.build, "bin"), CORDON_SOURCE=self.source,
                   CORDON_QUICK="1" if self.quick else "", LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        # Debian's own programs: version managers put others first, which lack the modules that tests need.
        env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        for name in ("CORDON_DATA", "NO_COLOR", "CLICOLOR_FORCE"):
            env.pop(name, None)
        env["CORDON_BLESS"] = "1" if self.bless else ""
        env["CORDON_SANITIZED_BUILD"] = os.path.join(self.asan, "bin") if self.asan else ""
        return env


@dataclasses.dataclass
class Item:
    """One process to run; `read` turns how it ended into cases."""
    name: str
    argv: list
    read: object
    env: dict
    cwd: str
    timeout: float = 120
    alone: bool = False  # nothing may run beside it
    guess: float = 1.0  # seconds, where no earlier run tells
    skip: str = ""  # a reason not to start it at all


def read_script(item, ended):
    last = ended.output.rstrip().rsplit("\n", 1)[-1]
    if ended.code == 0:
        return [Case(item.name, "passed")]
    if ended.code == 77:
        return [Case(item.name, "skipped", last or "no reason given")]
    return [Case(item.name, "failed", f"{exit_words(ended, item.timeout)}\n{ended.output}")]


def catch_failures(case):
    """The failed assertions of one Catch2 XML TestCase, in words."""
    lines = []
    for node in case.iter():
        if node.tag == "Expression" and node.get("success") == "false":
            original, expanded = node.findtext("Original", "").strip(), node.findtext("Expanded", "").strip()
            lines.append(f"{node.get('filename')}:{node.get('line')}: {node.get('type')}({original})\n    {expanded}")
        elif node.tag in ("Failure", "Exception", "FatalErrorCondition", "Info"):
            where = f"{node.get('filename')}:{node.get('line')}: " if node.get("filename") else ""
            lines.append(f"{where}{node.tag}: {(node.text or '').strip()}")
    return "\n".join(lines)


def catch_case(binary, node):
    name = f"{binary}: {node.get('name')}"
    result = node.find("OverallResult")
    if result is None or result.get("success") != "true":
        return Case(name, "failed", catch_failures(node) or "ended without a result")
    for warning in node.iter("Warning"):
        words = (warning.text or "").strip()
        if words.lower().startswith("skip"):
            return Case(name, "skipped", words.split(":", 1)[-1].strip())
    return Case(name, "passed")


def read_catch(item, ended):
    """Catch2's XML report, one case each. A report cut short, or a code that does not fit it, is a failure."""
    try:
        root = xml.parse(os.path.join(ended.tmp, "report.xml")).getroot()
        cases = [catch_case(item.name, node) for node in root.iter("TestCase")]
    except (OSError, xml.ParseError) as error:
        return [Case(item.name, "failed", f"{exit_words(ended, item.timeout)}; no report: {error}\n{ended.output}")]
    failed = any(c.status == "failed" for c in cases)
    if (ended.code != 0 and not failed) or not cases:
        cases.append(Case(item.name, "failed", f"{exit_words(ended, item.timeout)}\n{ended.output}"))
    return cases


def directives(path):
    """`# timeout: 300`, `# alone: why`, `# full-only: why` and `# helper: what` in a script's first lines."""
    found = {}
    with open(path, "rb") as file:
        for line in file.read(3000).decode("utf-8", "replace").split("\n")[:30]:
            match = DIRECTIVE.match(line)
            if match:
                found[match.group(1)] = match.group(2).strip()
    return found


def is_script(path):
    """An executable file that names its interpreter: golden files and fixtures may bear the bit by accident. What a test
    calls or imports ends in .py or .sh, or says `helper:` in its first lines."""
    if not os.path.isfile(path) or not os.access(path, os.X_OK) or path.endswith((".py", ".sh")):
        return False
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def script_item(setting, path):
    name = os.path.relpath(path, os.path.join(setting.source, "tests"))
    said = directives(path)
    if "helper" in said:
        return None
    skip = f"left to the full run: {said['full-only'] or 'it takes long'}" if setting.quick and "full-only" in said else ""
    return Item(name, [path], read_script, setting.environment(), setting.source, float(said.get("timeout") or 120),
                "alone" in said, 2.0, skip)


def scripts(setting):
    tests = os.path.join(setting.source, "tests")
    for suite in sorted(os.listdir(tests)):
        top = os.path.join(tests, suite)
        if suite in NOT_SUITES or not os.path.isdir(top):
            continue
        for folder, folders, files in os.walk(top):
            folders[:] = sorted(f for f in folders if f not in ("__pycache__", "lib", "data", "programs"))
            for file in sorted(files):
                path = os.path.join(folder, file)
                if is_script(path) and (item := script_item(setting, path)):
                    yield item


def programs(folder, prefix):
    """(name without the prefix, path) of the executables in a build folder."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [(n[len(prefix):], os.path.join(folder, n)) for n in names if n.startswith(prefix)]
    return [(n, p) for n, p in paths if os.path.isfile(p) and os.access(p, os.X_OK)]


def unit(setting):
    for name, path in programs(os.path.join(setting.build, "tests"), "test_"):
        argv = [path, "-r", "xml", "-o", "@TMP@/report.xml"]
        yield Item("unit/" + name, argv, read_catch, setting.environment(), setting.source, 300, guess=5.0)


def corpora(setting, build, prefix, options):
    """Every fuzz target over its corpus; a target without one is a fault of the tree."""
    for name, path in programs(os.path.join(build, "tests", "fuzz"), "fuzz_"):
        folder = os.path.join(setting.source, "tests", "corpus", name)
        yield Item(prefix + name, [path, *options, folder], read_script, setting.environment(), setting.source, 300)


def sanitized(setting):
    """The unit tests and corpora once more, built with AddressSanitizer and UndefinedBehaviorSanitizer."""
    options = {"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    for name, path in programs(os.path.join(setting.asan, "tests"), "test_"):
        env = dict(setting.environment(), **options, CORDON_SANITIZED="1")
        yield Item("asan/unit/" + name, [path, "-r", "compact"], read_script, env, setting.source, 600, guess=30.0)
    for item in corpora(setting, setting.asan, "asan/corpus/", ["--vary"]):
        item.env.update(options)
        item.timeout = 600
        yield item


def find(setting):
    yield from unit(setting)
    yield from scripts(setting)
    yield from corpora(setting, setting.build, "corpus/", [])
    if setting.asan:
        yield from sanitized(setting)
