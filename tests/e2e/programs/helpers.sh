#!/bin/sh
# Runs other programs: helpers.sh DIR [FILE]. Sorts DIR/words, or FILE, through sed, cut and sort, and counts in a sub-shell.
set -e
words=${2-$1/words}
sed 's/a/A/' "$words" | cut -c1-3 | sort >"$1/sorted"
(
  cd "$1"
  wc -l <sorted
)
tail -n 1 "$1/sorted"
