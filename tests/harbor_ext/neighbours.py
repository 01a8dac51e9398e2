"""What happens to a greedy sandbox: plays for the fixture `beside`."""

import pytest

from otcloud.harbor_ext.sandbox.endings import SandboxError
from tests.harbor_ext.conftest import Play, Shell


def ends_with(kind: type[SandboxError], script: str, words: str) -> Play:
    """A play: the script's sandbox is ended for this reason, which every later command is told as well."""

    async def play(shell: Shell) -> None:
        for again in (script, "true"):
            with pytest.raises(kind, match=words):
                await shell.run(again)

    return play
