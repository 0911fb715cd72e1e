"""Adds up gcov's line counts by folder of tools/. Called by tests/coverage."""

import argparse
import collections
import json
import os
import subprocess
import sys


def counts_of(build):
    """file -> line -> was it run, over all objects that include it."""
    lines = collections.defaultdict(dict)
    for folder, _, files in os.walk(build):
        notes = [os.path.join(folder, f) for f in files if f.endswith(".gcno") and "/tools/" in folder + "/"]
        if not notes:
            continue
        done = subprocess.run(["gcov", "--json-format", "--stdout", *notes], cwd=build, capture_output=True, text=True, check=False)
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"] if text.startswith("{") else ():
                seen = lines[file["file"]]
                for line in file["lines"]:
                    seen[line["line_number"]] = seen.get(line["line_number"], False) or line["count"] > 0
    return lines


def ranges(numbers):
    """[1, 2, 3, 7] -> [[1, 3], [7, 7]]"""
    out = []
    for number in sorted(numbers):
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return out


def by_folder(source, counts):
    """folder of tools/ -> file -> {lines, run, missed}"""
    folders = collections.defaultdict(dict)
    for file, lines in counts.items():
        name = os.path.relpath(os.path.join(source, file), source)
        if name.startswith("tools/"):
            missed = [number for number, run in lines.items() if not run]
            folders[os.path.dirname(name)][name] = {"lines": len(lines), "run": len(lines) - len(missed), "missed": ranges(missed)}
    return folders


def main():
    p = argparse.ArgumentParser()
    p.add_argument("source")
    p.add_argument("build")
    p.add_argument("--minimum", type=float, default=0)
    p.add_argument("--json")
    args = p.parse_args()
    folders, low, sums = by_folder(args.source, counts_of(args.build)), [], [0, 0]
    print("| folder | lines | run | |\n|-|-:|-:|-:|")
    for folder, files in sorted(folders.items()):
        total, run = (sum(f[what] for f in files.values()) for what in ("lines", "run"))
        share = 100 * run / total if total else 100.0
        sums = [sums[0] + total, sums[1] + run]
        if folder.startswith("tools/lib/") and share < args.minimum:
            low.append(folder)
        print(f"| {folder} | {total} | {run} | {share:.1f} % |")
    if sums[0]:
        print(f"| all | {sums[0]} | {sums[1]} | {100 * sums[1] / sums[0]:.1f} % |")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"folders": folders}, file, indent=1, sort_keys=True)
    for folder in low:
        print(f"{folder}: fewer than {args.minimum:g} % of its lines are run", file=sys.stderr)
    return 1 if low or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
