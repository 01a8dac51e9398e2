"""Writes recording.jsonl: the answers, composed by hand, that the quickstart's model server replays.

Run it again after a change to an instruction or an answer: `uv run python recipes/quickstart/write_recording.py`.
An answer is found by the first user message, so an instruction that changed has no recorded answers until then.
"""

from pathlib import Path

from otcloud.engines.recording import Conversation, from_conversations

HERE = Path(__file__).parent
SOURCE = "Composed by hand for the five sample tasks of otcloud's quickstart; no model was asked."

# Each answer is a text, or (thinking, text). The one for count-code is wrong on purpose, in a way that models are.
ANSWERS: dict[str, list[str | tuple[str, str]]] = {
    "edit-config": [
        (
            "Three sections have similar keys. I should look at the file before I edit it.",
            r"""
Let me look at the file first.

```bash
cat server.conf
```
""",
        ),
        (
            "`port` occurs in three sections and `level` in two, so each sed command has to stay within one section.",
            r"""
Each change has to be limited to its own section.

```bash
sed -i -e '/^\[server\]/,/^\[metrics\]/ s/^port = 80$/port = 8080\ntimeout = 30/' \
  -e '/^\[logging\]/,$ s/^level = debug$/level = info/' server.conf
cat server.conf
```
""",
        ),
        r"""
The three changes are in place, and `port` in `[metrics]` and `[logging]` is as it was.

TASK_COMPLETE
""",
    ],
    "fix-script": [
        r"""
I'll read the script and see what it prints.

```bash
cat largest.sh
```

```bash
bash largest.sh numbers.txt
```
""",
        (
            "`>` inside [[ ]] compares text: 9 comes after 105. And largest starts at 0, so a file with negative "
            "numbers alone gives 0. Both need a fix.",
            r"""
There are two bugs: `[[ a > b ]]` compares as text, and starting from 0 is wrong when all numbers are negative.

```bash
cat > largest.sh <<'SCRIPT'
#!/bin/bash
# Prints the largest whole number in a file that holds one on each line.
largest=
while read -r number; do
  if [[ -z "$largest" || "$number" -gt "$largest" ]]; then
    largest=$number
  fi
done < "$1"
echo "$largest"
SCRIPT
bash largest.sh numbers.txt
printf '%s\n' -20 -3 -7 > /tmp/negative.txt
bash largest.sh /tmp/negative.txt
```
""",
        ),
        r"""
It prints 105 for the given file and -3 for negative numbers.

TASK_COMPLETE
""",
    ],
    "parse-log": [
        r"""
```bash
cd /app
head -5 access.log
grep -c '' access.log
```
""",
        r"""
Some paths contain numbers, so I take the first field after the closing quote.

```bash
grep -v '^#' access.log | sed 's/.*" //' | cut -d' ' -f1 | sort -n | uniq -c \
  | awk '{ print $2, $1 }' > report.txt
cat report.txt
```
""",
        r"""
The counts add up to the 12 requests in the log.

TASK_COMPLETE
""",
    ],
    "word-pipeline": [
        r"""
```bash
cat text.txt
```
""",
        r"""
One pipeline does it; sorting in the C locale keeps ties alphabetical.

```bash
tr -cs 'A-Za-z' '\n' < text.txt | tr 'A-Z' 'a-z' | grep . | LC_ALL=C sort | uniq -c \
  | LC_ALL=C sort -k1,1nr -k2,2 | head -5 | awk '{ print $1, $2 }' > top.txt
cat top.txt
```

TASK_COMPLETE
""",
    ],
    "count-code": [
        r"""
Let me see which files there are.

```bash
find src -name '*.sh' | LC_ALL=C sort
```
""",
        r"""
I leave out comments and empty lines and count the rest.

```bash
find src -name '*.sh' -exec cat {} + | grep -v '^#' | grep -c . > count.txt
cat count.txt
```
""",
        r"""
The number is in `count.txt`.

TASK_COMPLETE
""",
    ],
}


def conversation(task: str) -> Conversation:
    """The task's instruction and its answers; what comes between two answers plays no part in finding them."""
    instruction = (HERE / "tasks" / task / "instruction.md").read_text(encoding="utf-8")
    messages: list[dict[str, object]] = [{"role": "user", "content": instruction}]
    for answer in ANSWERS[task]:
        thinking, text = answer if isinstance(answer, tuple) else (None, answer)
        said: dict[str, object] = {"role": "assistant", "content": text.strip("\n")}
        if thinking is not None:
            said["reasoning_content"] = thinking
        messages += [said, {"role": "user", "content": "(output)"}]
    return Conversation(task, messages)


if __name__ == "__main__":
    recording = from_conversations(
        "otcloud/quickstart-recorded", SOURCE, "2026-11-20", [conversation(task) for task in ANSWERS]
    )
    recording.dump(HERE / "recording.jsonl")
