"""libauparse as the oracle: the same events, records, fields and decoded values in the logs that it can read."""
import json
import os
import re
import tempfile

import auparse

from house import check, run

# What auparse shows in its own words rather than as bytes, or splits otherwise.
ENCODED = {"comm", "exe", "name", "cwd", "path", "proctitle", "acct"}
SKIPPED = {"type", "msg", "node"}
# What libauparse takes for a record's head.
HEAD = re.compile(rb"(node=\S+ )?type=[A-Z_]+ msg=audit\(\d+\.\d{3}:\d+\): ")


def theirs(path):
    parser = auparse.AuParser(auparse.AUSOURCE_FILE, path)
    parser.set_escape_mode(auparse.AUPARSE_ESC_RAW)
    events = {}
    while parser.parse_next_event():
        stamp = parser.get_timestamp()
        records = events.setdefault(f"{stamp.sec}.{stamp.milli:03d}:{stamp.serial}", [])
        parser.first_record()
        while True:
            fields = {}
            parser.first_field()
            while True:
                name = parser.get_field_name()
                if name not in SKIPPED and not name.isupper():
                    raw = parser.get_field_str()
                    value = parser.interpret_field() if name in ENCODED else raw
                    fields.setdefault(name, (value, raw))
                if not parser.next_field():
                    break
            records.append((parser.get_type_name(), fields))
            if not parser.next_record():
                break
    return events


def ours(path):
    events = {}
    for line in run("events", "--all-events", path).stdout.decode().splitlines():
        event = json.loads(line)
        events[event["event"].split(" ")[-1]] = [(r["type"], r["fields"]) for r in event["records"]]
    return events


def same_value(name, value, theirs_value):
    shown, raw = theirs_value
    if isinstance(value, dict):
        value = bytes.fromhex(value["hex"]).decode("latin-1")
    if raw.startswith('"') and not raw.endswith('"'):  # libauparse 3.0 cuts quoted values at blanks
        return value.startswith(raw[1:])
    if re.fullmatch("([0-9A-F]{2})+", raw) and value.encode() == bytes.fromhex(raw):  # AppArmor's names too, which libauparse leaves as they are
        return True
    if name in ENCODED:
        return value.replace("\0", " ").strip() in (shown.strip(), raw.strip('"')) or raw in ("(null)", "?")
    return value.strip("()") == raw.strip('"').strip("(),") or value == raw or (value == "" and raw in ("(null)", "?"))


def compare(log, wanted_line=lambda line: True):
    """How many fields of the log's records were found the same; each difference is a fault."""
    name = os.path.basename(log)
    with tempfile.NamedTemporaryFile(suffix=".log") as copy:
        with open(log, "rb") as file:
            copy.writelines(line for line in file.read().splitlines(True) if HEAD.match(line) and wanted_line(line))
        copy.flush()
        expected, got = theirs(copy.name), ours(copy.name)
    check(set(expected) == set(got), f"{name}: events {sorted(set(expected) ^ set(got))[:5]}")
    compared = 0
    for event in sorted(set(expected) & set(got)):
        types = [sorted(t for t, _ in side[event]) for side in (expected, got)]
        check(types[0] == types[1], f"{name} {event}: records {types}")
        for (kind, fields), (_, mine) in zip(expected[event], got[event]):
            for field, value in fields.items():
                if field in mine:
                    compared += 1
                    check(same_value(field, mine[field], value), f"{name} {event} {kind} {field}: {mine[field]!r} for {value!r}")
    return compared
