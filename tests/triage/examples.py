"""The rules of profiles/triage with their example records."""
import json
import os

SOURCE = os.environ.get("CORDON_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def rules():
    folder = os.path.join(SOURCE, "profiles/triage")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            yield from json.load(file)["rules"]


def records():
    """Those that the rules must match."""
    return [record for rule in rules() for record in rule["examples"]["match"]]
