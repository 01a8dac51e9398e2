"""How the bash agent reads an answer and words its report: pure, so it runs without Harbor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.harbor_ext.bash.answers import Answer, read_answer
from otcloud.harbor_ext.bash.feedback import BlockResult, nothing_to_run, report, shorten, system_prompt

DONE = "TASK_COMPLETE"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```bash\nls\n```", Answer(("ls",), False, False)),
        (
            "First:\n```bash\nls\n```\nthen\n```sh\npwd\n```\n~~~shell\nid\n~~~",
            Answer(("ls", "pwd", "id"), False, False),
        ),
        ("```python\nls\n```\n```\npwd\n```\n```BASH title=x\nid\n```", Answer(("id",), False, False)),
        ("```bash\r\ncat <<E\r\nx\r\nE\r\n```\r\n", Answer(("cat <<E\nx\nE",), False, False)),
        (
            "1. Do this:\n   ```bash\n   if true; then\n     ls\n   fi\n   ```",
            Answer(("if true; then\n  ls\nfi",), False, False),
        ),
        (
            "````bash\ncat > a.md <<E\n```python\n1\n```\nE\n````",
            Answer(("cat > a.md <<E\n```python\n1\n```\nE",), False, False),
        ),
        ("```bash\n  \n```", Answer((), False, False)),
        ("```bash\nls", Answer((), False, True)),
        ("```bash\nls\n```\n```bash\npw", Answer(("ls",), False, True)),
        ("Done.\n\n  TASK_COMPLETE  ", Answer((), True, False)),
        ("```bash\nls\n```\nTASK_COMPLETE\n", Answer(("ls",), True, False)),
        ("```bash\necho\nTASK_COMPLETE\n```", Answer(("echo\nTASK_COMPLETE",), False, False)),
        ("I will write TASK_COMPLETE later.", Answer((), False, False)),
        ("```\nTASK_COMPLETE\n```", Answer((), False, False)),
        ("", Answer((), False, False)),
    ],
)
def test_blocks_and_the_marker(text: str, expected: Answer) -> None:
    assert read_answer(text, DONE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<think>\n```bash\nrm -rf x\n```\nTASK_COMPLETE\n</think>\n```bash\nls\n```",
        "```bash\nrm -rf x\n```\nTASK_COMPLETE\n</think>\n\n```bash\nls\n```",
    ],
)
def test_thinking_is_not_acted_on(text: str) -> None:
    assert read_answer(text, DONE) == Answer(("ls",), False, False)


def test_thinking_that_never_ended_holds_no_blocks() -> None:
    assert read_answer("<think>\n```bash\nls\n```\nTASK_COMPLETE", DONE) == Answer((), False, False)


def test_a_block_may_speak_of_thinking() -> None:
    text = "```bash\ngrep -c '<think>' a; grep -c '</think>' a\n```"
    assert read_answer(text, DONE).blocks == ("grep -c '<think>' a; grep -c '</think>' a",)


@given(st.text(alphabet="`~bash \n\t<>/think\\$'\"", max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for block in read_answer(text, DONE).blocks:
        assert block.strip()


@given(st.text(max_size=60).filter(lambda text: "\r" not in text and "```" not in text and text.strip()))
def test_a_block_comes_out_as_it_was_written(block: str) -> None:
    if "think>" not in block:
        assert read_answer(f"Look:\n```bash\n{block}\n```\n", DONE).blocks == (block,)


def test_a_report_names_every_block() -> None:
    results = [BlockResult(0, "hi\n"), BlockResult(2), BlockResult(None, "start\n", "stopped after 5 seconds")]
    assert report(results, 4, max_output_chars=100, unclosed=True) == (
        "Block 1 of 4: exit code 0\nhi\n\n"
        "Block 2 of 4: exit code 2\n(no output)\n\n"
        "Block 3 of 4: stopped after 5 seconds\nstart\n\n"
        "Block 4 of 4: not run, because block 3 failed\n\n"
        "The last block of your answer is not closed: it was not run."
    )


@given(st.text(max_size=300), st.integers(min_value=2, max_value=100))
def test_long_output_keeps_both_ends(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        assert short.startswith(text[: limit // 2])
        assert short.endswith(text[-(limit // 2) :])
        assert len(short) <= limit + 60


def test_the_prompt_is_filled_in_and_may_be_replaced() -> None:
    ours = system_prompt(None, completion_marker="ALL_DONE", command_timeout_sec=7)
    assert "ALL_DONE on a line by itself" in ours
    assert "stopped after 7 seconds" in ours
    assert "{" not in ours
    assert system_prompt("", completion_marker="X", command_timeout_sec=7) == ""
    assert system_prompt("{no} {completion_marker}", completion_marker="X", command_timeout_sec=7) == "{no} X"
    assert "ALL_DONE" in nothing_to_run("ALL_DONE", unclosed=False)
    assert "not closed" in nothing_to_run("ALL_DONE", unclosed=True)
