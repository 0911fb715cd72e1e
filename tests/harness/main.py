#!/usr/bin/python3 -B
"""Finds Cordon's tests, runs them side by side, and adds up the results. See tests/run."""

import argparse
import fnmatch
import json
import os
import sys
import time

import items
import report
from pool import run_all


def arguments():
    parser = argparse.ArgumentParser(prog="tests/run", add_help=False)
    parser.add_argument("--build", required=True)
    parser.add_argument("--asan", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--junit")
    parser.add_argument("filters", nargs="*")
    return parser.parse_args()


def wanted(item, filters):
    return not filters or any(f in item.name or fnmatch.fnmatch(item.name, f) for f in filters)


def load_times(path):
    """Seconds that each test took last time: the longest start first, so that none trails alone."""
    try:
        with open(path, encoding="utf-8") as file:
            return {k: float(v) for k, v in json.load(file).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def save_times(path, times, results):
    times.update({r.item.name: round(r.seconds, 2) for r in results if r.ran})
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(times, file, indent=0, sort_keys=True)
    os.replace(path + ".new", path)


def main():
    args = arguments()
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    setting = items.Setting(source=source, build=args.build, asan=args.asan, quick=args.quick, bless=args.bless)
    found = [i for i in items.find(setting) if wanted(i, args.filters)]
    if args.list:
        print("\n".join(i.name for i in found))
        return 0
    if not found:
        print(f"tests/run: no test is named like {' '.join(args.filters)}; tests/run --list names them")
        return 4
    times_file = os.path.join(args.build, "test-times.json")
    times = load_times(times_file)
    found.sort(key=lambda i: (-times.get(i.name, i.guess), i.name))
    start = time.monotonic()
    results = run_all(found, max(1, args.jobs), report.progress)
    save_times(times_file, times, results)
    if args.junit:
        report.write_junit(args.junit, results)
    return report.summary(results, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
