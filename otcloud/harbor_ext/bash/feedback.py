"""What the `bash` agent says to the model: the system prompt and the report on an answer's blocks.

Pure and deterministic: no durations, no random names, so that the same run gives the same conversation again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SYSTEM_PROMPT = """\
You solve a task on a Linux machine by running bash commands.

Write the commands to run in a fenced block that opens with ```bash. They are run, and the next message tells you the \
exit code and the output (stdout and stderr together). Several blocks in one answer run in order, up to the first that \
fails. Look at a result before you rely on it.

- Every block starts a new bash: the working directory and files stay, variables and functions do not.
- Nobody can type: commands must not wait for input. A block is stopped after {command_timeout_sec} seconds.
- Start what has to keep running in the background with its output in a file: `server > server.log 2>&1 &`
- Long output is shortened in the middle.

When the task is done and checked, write {completion_marker} on a line by itself, outside every block.
"""

_LEFT_OUT = "\n[... the middle of the output is left out ...]\n"


@dataclass(frozen=True, slots=True)
class BlockResult:
    """How a block ended: its exit code, or None and the reason why there is none; its output as text."""

    exit_code: int | None
    output: str = ""
    reason: str = ""


def system_prompt(template: str | None, *, completion_marker: str, command_timeout_sec: int) -> str:
    """The system prompt: ours for None, none for an empty one; the two names in braces are filled in."""
    text = SYSTEM_PROMPT if template is None else template
    text = text.replace("{completion_marker}", completion_marker)
    return text.replace("{command_timeout_sec}", str(command_timeout_sec))


def report(results: Sequence[BlockResult], blocks: int, *, max_output_chars: int, unclosed: bool) -> str:
    """The message after an answer with `blocks` blocks, of which the last of `results` may have stopped the rest."""
    parts: list[str] = []
    for number, result in enumerate(results, start=1):
        how = result.reason if result.exit_code is None else f"exit code {result.exit_code}"
        output = shorten(result.output, max_output_chars).rstrip("\n")
        parts.append(f"Block {number} of {blocks}: {how}\n{output or '(no output)'}")
    parts += [
        f"Block {number} of {blocks}: not run, because block {len(results)} failed"
        for number in range(len(results) + 1, blocks + 1)
    ]
    if unclosed:
        parts.append("The last block of your answer is not closed: it was not run.")
    return "\n\n".join(parts)


def nothing_to_run(marker: str, *, unclosed: bool) -> str:
    """The message after an answer that neither runs anything nor ends the task."""
    if unclosed:
        return "The block in your answer is not closed: nothing was run. Close it with ``` on a line by itself."
    return (
        "Your answer holds no bash block: nothing was run. Put commands into a block that opens with ```bash, "
        f"or write {marker} on a line by itself if the task is done."
    )


def shorten(text: str, limit: int) -> str:
    """The text, or its first and last `limit // 2` characters with a note between them."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return text[:half] + _LEFT_OUT + text[len(text) - half :]
