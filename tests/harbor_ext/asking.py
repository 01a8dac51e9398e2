"""Runs in Harbor's interpreter: what its litellm and its LiteLLM class do with a teacher. Prints one JSON document.

The argument is one question: {"kind": "forms" | "tries" | "providers" | "prices", ...}.
"""

import asyncio
import json
import sys
from typing import Any

from otcloud.harbor_ext import patience
from otcloud.harbor_ext.bash.model_client import load_litellm
from otcloud.harbor_ext.price import is_priced

INFO = {"max_input_tokens": 1000, "max_output_tokens": 100, "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}


async def forms(models: list[str]) -> list[list[str | None]]:
    """[text, thinking] as terminus-2 gets it, over each road."""
    from harbor.llms.lite_llm import LiteLLM

    answers = [await LiteLLM(model_name=model, model_info=INFO).call("Say.") for model in models]
    return [[answer.content, answer.reasoning_content] for answer in answers]


async def tries(model: str, timeout: float, rounds: int) -> dict[str, Any]:
    """How Harbor's own tries end with our patience in place, and how long it waited for rate limits."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    patience.install(sleep)
    patience.install(sleep)
    litellm, ends = load_litellm(), list[str]()
    for _ in range(rounds):
        try:
            answer = await litellm.acompletion(
                model=model, messages=[{"role": "user", "content": "Say."}], timeout=timeout
            )
            ends.append(str(answer.choices[0].message.content))
        except Exception as error:
            ends.append(type(error).__name__)
    return {"ends": ends, "waits": waits}


def providers(names: list[str]) -> dict[str, list[str]]:
    """The variables that litellm misses for each provider."""
    litellm = load_litellm()
    return {name: litellm.validate_environment(f"{name}/some-model")["missing_keys"] for name in names}


def main(question: dict[str, Any]) -> Any:
    """The answer to one question."""
    match question["kind"]:
        case "forms":
            return asyncio.run(forms(question["models"]))
        case "tries":
            return asyncio.run(tries(question["model"], question["timeout"], question["rounds"]))
        case "providers":
            return providers(question["names"])
        case _:
            return {model: is_priced(model) for model in question["models"]}


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(main(json.loads(sys.argv[1])))}\n")
