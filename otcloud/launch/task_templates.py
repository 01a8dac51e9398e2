"""The task templates that ship with otcloud, read for the compiler."""

from typing import Any

import yaml

from otcloud.package_data import bundled


def task_templates() -> dict[str, dict[str, Any]]:
    """Every template by its file's name without `.yaml`. Error: OtcloudError when the installation has none."""
    return {path.stem: yaml.safe_load(path.read_bytes()) for path in sorted(bundled("task_templates").glob("*.yaml"))}
