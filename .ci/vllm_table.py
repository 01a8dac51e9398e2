"""Writes the table of a vLLM's options, otcloud/recipe/vllm_VERSION.py, from the real parser of that version.

python .ci/vllm_table.py PYTHON    PYTHON is an interpreter that has the version, such as the lab's
"""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAD = '''"""The options of `vllm serve` {version}, by what they take, and the values of those that have a list of them.

Written by .ci/vllm_table.py from the real parser; do not edit. tests/contract/test_vllm_options.py compares the two.
"""
'''
INDENT = " " * 8


def table(found: dict) -> str:
    """The module's text."""
    kinds: dict[str, list[str]] = {}
    for name, option in found["options"].items():
        kinds.setdefault(option["kind"], []).append(name)
    chosen = {name: [str(each) for each in option["choices"]] for name, option in found["options"].items()}
    parts = [HEAD.format(version=found["version"])]
    parts.append(mapping("OPTIONS", {kind: sorted(kinds[kind]) for kind in sorted(kinds)}))
    parts.append(mapping("CHOICES", {name: values for name, values in sorted(chosen.items()) if values}))
    parts.append(mapping("ALIASES", {name: [main] for name, main in sorted(found["aliases"].items())}))
    return "\n".join(parts)


def mapping(name: str, entries: dict[str, list[str]]) -> str:
    """A mapping from a name to words in one text, as the formatter leaves it."""
    lines = [f"{name} = {{"]
    for key, words in entries.items():
        text = " ".join(words)
        if len(text) + len(key) < 100:
            lines.append(f'    "{key}": "{text}",')
        else:
            wrapped = textwrap.wrap(text, 110, break_long_words=False, break_on_hyphens=False)
            lines += [f'    "{key}": """', *(f"{INDENT}{line}" for line in wrapped), '    """,']
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    command = [sys.argv[1], ROOT / ".ci" / "vllm_parser.py", "options"]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    target = ROOT / "otcloud" / "recipe" / f"vllm_{found['version'].replace('.', '_')}.py"
    target.write_text(table(found), encoding="utf-8")
