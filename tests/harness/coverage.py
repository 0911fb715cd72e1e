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


def main():
    p = argparse.ArgumentParser()
    p.add_argument("source")
    p.add_argument("build")
    p.add_argument("--minimum", type=float, default=0)
    args = p.parse_args()
    folders = collections.defaultdict(lambda: [0, 0])
    for file, lines in counts_of(args.build).items():
        name = file.removeprefix("./").removeprefix(args.source + "/")
        if name.startswith("tools/"):
            total = folders[os.path.dirname(name)]
            total[0] += sum(lines.values())
            total[1] += len(lines)
    low = False
    print("| folder | lines | run | |\n|-|-:|-:|-:|")
    for folder, (run, total) in sorted(folders.items()):
        share = 100 * run / total if total else 100.0
        low |= folder.startswith("tools/lib/") and share < args.minimum
        print(f"| {folder} | {total} | {run} | {share:.1f} % |")
    return 1 if low or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
