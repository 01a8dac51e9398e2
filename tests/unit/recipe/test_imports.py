"""Importing is cheap: the table of flags needs no schema, the schema no reader of YAML."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("otcloud.recipe.flags", ("pydantic", "yaml", "typer")),
        ("otcloud.recipe.schema", ("yaml", "typer", "rich")),
        ("otcloud.recipe.load", ("yaml", "typer", "rich")),
        ("otcloud.cli.recipe", ("pydantic", "yaml")),
    ],
)
def test_a_module_imports_no_more_than_it_needs(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(sorted({set(absent)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
