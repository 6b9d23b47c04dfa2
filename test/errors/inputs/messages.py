"""Checks what is said of mistakes: messages.py NACRE MODEL TABLE FOLDER

A row of the table is a place of the model and what is put there; the line below is the message. The first message of
`nacre check` must be this one, at a place in the file."""

import re
import subprocess
import sys

nacre, model, table, folder = sys.argv[1:]
with open(model, encoding="utf-8") as file:
    template = file.read()
with open(table, encoding="utf-8") as file:
    lines = [line for line in file.read().splitlines() if line and not line.startswith("#")]

wrong = 0
for row, expected in zip(lines[::2], lines[1::2]):
    place, text = row.split(": ", 1)
    filled, count = re.subn(rf"<{place}=(.*?)>", lambda _: text.replace("\\n", "\n"), template)
    assert count == 1, row
    filled = re.sub(r"<\w+=(.*?)>", r"\1", filled)
    path = f"{folder}/given.nacre"
    with open(path, "w", encoding="utf-8") as file:
        file.write(filled)
    result = subprocess.run([nacre, "check", path], capture_output=True, text=True)
    messages = [line for line in result.stderr.splitlines() if re.match(r".*?: (error|warning): ", line)]
    found = messages[0] if messages else "nothing"
    status = 1 if expected.strip().startswith("error") else 0
    if not re.fullmatch(r"[\w/.-]+\.nacre:\d+:\d+: " + re.escape(expected.strip()), found) or result.returncode != status:
        wrong += 1
        print(f"{row}\n  {expected.strip()} was expected\n  {found} was said (status {result.returncode})")
print(f"{len(lines) // 2} mistakes, {wrong} not as told")
sys.exit(wrong > 0)
