"""What SARIF 2.1.0 (OASIS, sections 3.13 to 3.52) requires of the objects that we write."""
from urllib.parse import urlsplit

LEVELS = {"none", "note", "warning", "error"}


def text_of(message, where):
    return [] if isinstance(message.get("text"), str) and message["text"] else [f"{where}: message without text (3.11.7)"]


def faults_of(log):
    """The sentences of the specification that the log does not keep."""
    faults = []
    if log.get("version") != "2.1.0":
        faults.append("version is not 2.1.0 (3.13.2)")
    if not urlsplit(log.get("$schema", "")).scheme:
        faults.append("$schema is no absolute URI (3.13.3)")
    if not isinstance(log.get("runs"), list):
        return faults + ["runs is no array (3.13.4)"]
    for run in log["runs"]:
        driver = run.get("tool", {}).get("driver", {})
        if not driver.get("name"):
            faults.append("tool.driver has no name (3.19.8)")
        rules = driver.get("rules", [])
        ids = [rule.get("id") for rule in rules]
        if None in ids or len(set(ids)) != len(ids):
            faults.append("a rule has no id, or one that another has (3.49.3)")
        for rule in rules:
            for key in ("shortDescription", "help"):
                if key in rule:
                    faults += text_of(rule[key], "rule " + str(rule.get("id")))
        if run.get("columnKind") not in (None, "utf16CodeUnits", "unicodeCodePoints"):
            faults.append("columnKind is unknown (3.14.17)")
        for number, result in enumerate(run.get("results", [])):
            faults += result_faults(result, f"result {number}", ids)
    return faults


def result_faults(result, where, ids):
    faults = text_of(result.get("message", {}), where)
    if result.get("level", "warning") not in LEVELS:
        faults.append(f"{where}: level {result.get('level')} (3.27.10)")
    index = result.get("ruleIndex", -1)
    if not isinstance(index, int) or index >= len(ids) or (index >= 0 and ids[index] != result.get("ruleId")):
        faults.append(f"{where}: ruleIndex does not lead to ruleId (3.27.6)")
    for key, value in result.get("partialFingerprints", {}).items():
        if not isinstance(value, str) or not key:
            faults.append(f"{where}: a fingerprint is no text (3.27.17)")
    for location in result.get("locations", []):
        place = location.get("physicalLocation", {})
        uri = place.get("artifactLocation", {}).get("uri", "")
        if not uri or any(c in uri for c in " <>\"\\^`{|}") or any(ord(c) < 33 or ord(c) > 126 for c in uri):
            faults.append(f"{where}: not a URI: {uri!r} (3.4.3)")
        line = place.get("region", {}).get("startLine", 1)
        if not isinstance(line, int) or line < 1:
            faults.append(f"{where}: startLine {line} (3.30.5)")
    return faults
