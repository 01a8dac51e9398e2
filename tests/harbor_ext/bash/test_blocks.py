"""One block after the other in a real bash: bounded in time and output, and what a block cannot break."""

from collections.abc import Callable
from typing import Any

import pytest

ANSWERS: dict[str, list[Any]] = {
    "slow": ["```bash\necho start; sleep 600\n```", "```bash\necho again\n```\nALL_DONE"],
    "endless": ["```bash\ncd /; yes\n```", "```bash\nseq 100000; pwd\n```\nTASK_COMPLETE"],
    "long": ["```bash\n" + "x" * 120_000 + "\n```\nTASK_COMPLETE"],
    "trap": ["```bash\ntrap 'echo bye' EXIT\nexec sh -c 'echo in sh'\n```", "```bash\nkill -9 $$\n```\nTASK_COMPLETE"],
    "moved": ["```sh\nmkdir d; cd d; TMPDIR=\nexit 4\n```", "```sh\necho ${PWD##*/}; rm -r $PWD\n```", "```sh\n:\n```"],
    "held": ["```bash\nsleep 600 &\necho on\n```", "```bash\nsleep 600 >x 2>&1 &\necho on\n```\nTASK_COMPLETE"],
}  # fmt: skip
PLANS: dict[str, Any] = {
    "slow": {"kwargs": {"command_timeout_sec": 1, "completion_marker": "ALL_DONE"}},
    "endless": {"kwargs": {"command_timeout_sec": 1, "max_output_chars": 100}},
    "long": {},
    "trap": {},
    "moved": {"kwargs": {"max_turns": 3}},
    "held": {},
}


@pytest.fixture(scope="module")
def ends(replay: Callable[..., Any], stage_on: Callable[[int], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All conversations, held side by side."""
    with replay(ANSWERS) as port:
        return stage_on(port).drive(tmp_path_factory.mktemp("logs"), PLANS)


def test_a_block_that_takes_too_long_is_stopped_and_its_output_kept(ends: Any) -> None:
    assert ends.stop("slow") == (2, "completed")
    assert ends.told("slow") == ["Block 1 of 1: stopped after 1 seconds\nstart", "Block 1 of 1: exit code 0\nagain"]


def test_endless_output_is_bounded_and_a_stopped_block_moves_nowhere(ends: Any) -> None:
    endless, counted = ends.told("endless")
    middle = "\n[... the middle of the output is left out ...]\n"
    assert endless == "Block 1 of 1: stopped after 1 seconds\n" + "y\n" * 25 + middle + ("y\n" * 25).rstrip()
    assert counted.startswith("Block 1 of 1: exit code 0\n1\n2\n")
    assert counted.endswith("/endless/sandbox")


def test_a_block_that_no_command_line_holds_is_not_run(ends: Any) -> None:
    assert ends.told("long") == [
        "Block 1 of 1: not run: it is too long, or holds a NUL character. Use smaller steps.\n(no output)"
    ]


def test_a_block_may_replace_or_kill_its_shell(ends: Any) -> None:
    assert ends.told("trap") == ["Block 1 of 1: exit code 0\nin sh", "Block 1 of 1: exit code 137\n(no output)"]


def test_the_working_directory_stays_until_it_is_gone(ends: Any) -> None:
    first, second, third = ends.told("moved")
    assert first == "Block 1 of 1: exit code 4\n(no output)"
    assert second == "Block 1 of 1: exit code 0\nd"
    assert third == "Block 1 of 1: exit code 0\n(no output)"


def test_a_background_process_does_not_hold_up_the_conversation(ends: Any) -> None:
    held, sent_to_a_file = ends.told("held")
    assert held.startswith("Block 1 of 1: exit code 0\non\n\n[A process in the background still holds")
    assert sent_to_a_file == "Block 1 of 1: exit code 0\non"
