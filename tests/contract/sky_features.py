"""Asks the real SkyPilot what each cloud cannot do, in a process of its own. `python sky_features.py ANSWER`."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

_ASKED = ("stop", "autodown", "spot_instance", "multi-node", "docker_image")


def features() -> dict[str, list[list[str]]]:
    """Cloud -> what it cannot do of what is asked about, on demand and as a spot machine."""
    sky = importlib.import_module("sky")
    clouds = importlib.import_module("sky.utils.registry").CLOUD_REGISTRY
    return {name: [_lacking(sky, cloud, spot) for spot in (False, True)] for name, cloud in clouds.items()}


def _lacking(sky: Any, cloud: Any, spot: bool) -> list[str]:
    try:
        found = cloud._unsupported_features_for_resources(sky.Resources(cloud=cloud, use_spot=spot))
    except ImportError:
        # Kubernetes asks its clusters, with a library that is not there: what the class states of all of them.
        found = cloud._CLOUD_UNSUPPORTED_FEATURES
    return sorted({each.value for each in found} & set(_ASKED))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(features()), encoding="utf-8")
