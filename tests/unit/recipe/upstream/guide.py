"""The tables of docs/guides/from-openthoughts-agent.md, made from the rules that the code reads by.

`uv run python -m tests.unit.recipe.upstream.guide` writes them into the guide.
"""

import re
from collections.abc import Iterator, Mapping

from otcloud.recipe.upstream import benchmark, datagen, harbor
from otcloud.recipe.upstream.agent import arguments
from otcloud.recipe.upstream.rules import Rule, listed
from tests.unit.architecture.source import ROOT

GUIDE = ROOT / "docs" / "guides" / "from-openthoughts-agent.md"
_ENGINE_TYPES = tuple(name for name in datagen.ENGINES if name != "openai")


def tables() -> dict[str, Mapping[str, Rule]]:
    """Name of a table -> its rules."""
    engine = {name: rule for name, rule in datagen.ENGINE.items() if name not in _ENGINE_TYPES}
    return {
        "datagen": {**datagen.DATAGEN, "engine": Rule(inside=engine)},
        "harbor": harbor.JOB,
        "kwargs": {"kwargs": Rule(inside=arguments("terminus-2"))},
        "benchmark": {name: rule for name, rule in benchmark.BENCHMARK.items() if name != "model_information"},
    }


def rows(name: str) -> Iterator[str]:
    """The lines of a table."""
    yield "| field | becomes | |"
    yield "|---|---|---|"
    for path, rule in listed(tables()[name]):
        shown = path.replace("engine.openai.", "engine.TYPE.").replace("agents.", "agents[].")
        shown = shown.replace("datasets.", "datasets[].")
        places = ", ".join(f"`{place}`" for place in rule.to.split(", ")) if rule.to else "left out"
        yield f"| `{shown}` | {places} | {rule.why} |"


def filled(text: str) -> str:
    """The guide's text with every table as the code has it."""
    for name in tables():
        mark = rf"(<!-- table: {name} -->\n).*?(<!-- end -->)"
        block = "\n".join(rows(name)).replace("\\", "\\\\")
        text = re.sub(mark, rf"\g<1>\n{block}\n\n\g<2>", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
