"""Calls and their arguments as strace -f -e raw=all writes them down, and as our facts have them."""
import re


def called(operation):
    return operation.get("name") or f"number {operation['number']}"


def straced(log):
    """The names, and of each the sets of raw arguments."""
    calls = {}
    with open(log, errors="replace") as lines:
        for line in lines:
            match = re.match(r"(?:\d+\s+)?(?:<\.\.\. )?(\w+)(\(| resumed)([^)<]*)", line)
            if not match:
                continue
            name = match.group(1)
            number = re.fullmatch(r"syscall_0x([0-9a-f]+)", name)
            name = f"number {int(number.group(1), 16)}" if number else name
            words = re.findall(r"0x[0-9a-f]+|\b0\b", match.group(3)) if match.group(2) == "(" else []
            calls.setdefault(name, set())
            if words:
                calls[name].add(tuple(int(word, 16) for word in words))
    return calls


def policy_arguments(facts):
    """Of each call the tuples of its arguments that carry policy, and where those are: (index, mask) of each."""
    values, places = {}, {}
    for fact in facts:
        operation = fact["operation"]
        if operation["op"] == "syscall" and operation.get("args"):
            call = called(operation)
            places[call] = [(a["index"], a.get("mask", 2**64 - 1)) for a in operation["args"]]
            values.setdefault(call, set()).add(tuple(a["value"] for a in operation["args"]))
    return values, places


def at_places(tuples, places):
    """Of raw arguments what stands at these places."""
    return {tuple(raw[i] & mask for i, mask in places) for raw in tuples if len(raw) > max(i for i, _ in places)}
