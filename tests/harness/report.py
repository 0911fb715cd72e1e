"""What the screen and the JUnit file say of the results."""

import xml.etree.ElementTree as xml


def count(cases, status):
    return sum(c.status == status for c in cases)


def progress(result):
    cases = result.cases
    failed, skipped = count(cases, "failed"), count(cases, "skipped")
    word = "FAIL" if failed else "skip" if skipped == len(cases) else "ok"
    many = f" ({len(cases)} cases)" if len(cases) > 1 else ""
    print(f"{word:4} {result.item.name}{many} {result.seconds:.1f}s", flush=True)
    for case in cases:
        if case.status == "failed":
            print(f"  failed: {case.name}")
            print("".join(f"    | {line}\n" for line in case.detail.rstrip().split("\n")), end="", flush=True)


def summary(results, seconds):
    """Prints the skips with their reasons and the totals; the exit code."""
    cases = [c for r in results for c in r.cases]
    skipped = sorted((c for c in cases if c.status == "skipped"), key=lambda c: c.name)
    if skipped:
        print("\nskipped:")
        for case in skipped:
            print(f"  {case.name}: {case.detail}")
    failed = sorted((c for c in cases if c.status == "failed"), key=lambda c: c.name)
    if failed:
        print("\nfailed:")
        for case in failed:
            print(f"  {case.name}")
    print(f"\n{len(results)} programs run in {seconds:.0f} s")
    print(f"{count(cases, 'passed')} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


def printable(text):
    """XML 1.0 has no way to carry most control characters."""
    return "".join(c if c in "\t\n" or c >= " " else f"\\x{ord(c):02x}" for c in text)


def write_junit(path, results):
    root = xml.Element("testsuites")
    for result in results:
        cases = result.cases
        suite = xml.SubElement(root, "testsuite", name=result.item.name, tests=str(len(cases)),
                               failures=str(count(cases, "failed")), skipped=str(count(cases, "skipped")),
                               time=f"{result.seconds:.3f}")
        for case in cases:
            node = xml.SubElement(suite, "testcase", name=printable(case.name))
            if case.status != "passed":
                tag = "failure" if case.status == "failed" else "skipped"
                xml.SubElement(node, tag, message=printable(case.detail.split("\n", 1)[0])).text = printable(case.detail)
    xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
