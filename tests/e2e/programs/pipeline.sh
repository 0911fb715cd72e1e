#!/bin/sh
# A pipeline: pipeline.sh DIR [FILE] prints the first two words of DIR/words, and FILE, in capitals.
cat "$1/words" ${2+"$2"} | sort | head -n 2 | tr "[:lower:]" "[:upper:]"
