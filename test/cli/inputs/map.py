"""Compares the stages of a README with those of a help text: map.py README HELP"""

import re
import sys

readme, help_text = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
written = re.findall(r"^\| `(\w+)` \| (.*) \|$", readme, re.M)
listed = re.findall(r"^  (\w+) +(.*)$", help_text[help_text.index("Stages:"):], re.M)
for row in written:
    if row not in listed:
        print("not a stage:", *row)
for row in listed:
    if row not in written:
        print("not in the README:", *row)
if written == listed:
    print(len(written), "stages, as in the table")
