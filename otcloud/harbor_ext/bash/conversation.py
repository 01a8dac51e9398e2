"""The loop of the `bash` agent: ask, run the blocks, report, until the model is done or its turns are used up.

It decides nothing about how a model is reached, how a block runs or how a trajectory is kept.
"""

from dataclasses import dataclass

from otcloud.harbor_ext.bash.answers import Answer, read_answer
from otcloud.harbor_ext.bash.feedback import BlockResult, nothing_to_run, report
from otcloud.harbor_ext.bash.model_client import Message, ModelClient
from otcloud.harbor_ext.bash.shell import Shell
from otcloud.harbor_ext.bash.trajectory import TrajectoryFile


@dataclass(frozen=True, slots=True)
class Rules:
    """When a conversation ends, and how much of an output the model sees."""

    system_prompt: str
    completion_marker: str
    max_turns: int
    max_output_chars: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """One trial: the task goes in word for word as the first user message, and nothing with it."""

    client: ModelClient
    shell: Shell
    trajectory: TrajectoryFile
    rules: Rules

    async def run(self, instruction: str) -> str:
        """Talk to the end. Returns why: `completed` or `max_turns`. Errors: those of the client and the shell."""
        messages = self._open(instruction)
        for _ in range(self.rules.max_turns):
            reply = await self.client.ask(messages)
            self.trajectory.answer(reply)
            answer = read_answer(reply.text, self.rules.completion_marker)
            said = await self._act(answer)
            if said:
                self.trajectory.observe(said)
            if answer.done:
                return "completed"
            messages += [{"role": "assistant", "content": reply.text}, {"role": "user", "content": said}]
        return "max_turns"

    def _open(self, instruction: str) -> list[Message]:
        messages: list[Message] = []
        if self.rules.system_prompt:
            self.trajectory.say("system", self.rules.system_prompt)
            messages.append({"role": "system", "content": self.rules.system_prompt})
        self.trajectory.say("user", instruction)
        return [*messages, {"role": "user", "content": instruction}]

    async def _act(self, answer: Answer) -> str:
        """Run the answer's blocks up to the first that fails; what the model is told, empty when there is nothing."""
        if not answer.blocks:
            marker = self.rules.completion_marker
            return "" if answer.done else nothing_to_run(marker, unclosed=answer.unclosed)
        results: list[BlockResult] = []
        for block in answer.blocks:
            results.append(await self.shell.run(block))
            if results[-1].exit_code != 0:
                break
        limit = self.rules.max_output_chars
        return report(results, len(answer.blocks), max_output_chars=limit, unclosed=answer.unclosed)
