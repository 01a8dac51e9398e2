"""Accelerators: their names at each provider, and their memory. Pure data.

Names are those of SkyPilot's catalogs (its fetchers of 0.14.1, and its public catalog), where the same GPU has another
name at another provider. A name that is not here is taken as it is; its memory is then the catalog's, or unknown.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from otcloud.recipe.schema.compute import Accelerator

MEMORY_GB: Mapping[str, float] = {
    "A10": 22.5,
    "A10G": 22.5,
    "A100": 40,
    "A100-80GB": 80,
    "A30": 24,
    "A40": 45,
    "A6000": 48,
    "B200": 179,
    "B300": 288,
    "GB200": 186,
    "GH200": 96,
    "H100": 80,
    "H100-NVL": 94,
    "H200": 141,
    "L4": 22.5,
    "L40": 45,
    "L40S": 45,
    "MI300X": 192,
    "P100": 16,
    "P4": 8,
    "T4": 16,
    "V100": 16,
    "V100-32GB": 32,
    "RTX3090": 24,
    "RTX4090": 24,
    "RTX5090": 32,
    "RTXA6000": 48,
    "RTX6000-Ada": 48,
    "RTXPRO6000": 96,
}
"""Memory of one GPU in GiB, as nvidia-smi counts it: cards whose error correction takes a part show less than the name
says."""

_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "A100-80GB": ("A100-80GB-SXM", "A100-80GB-SXM4", "A100-80GB-NVLINK", "A100-SXM4-80GB", "A100-PCIE-80GB"),
    "A100": ("A100-SXM4", "A100-PCIE", "A100-40GB"),
    "H100": ("H100-SXM", "H100-SXM5", "H100-MEGA", "H100-PCIE", "H100-80GB", "H100-NVLINK", "H100-NVL"),
    "H200": ("H200-SXM", "H200-SXM5", "H200-NVL"),
    "B200": ("B200-SXM",),
    "A6000": ("RTXA6000", "RTX-A6000"),
    "RTXA6000": ("A6000", "RTX-A6000"),
}
"""Accelerator -> the other names of the same GPU (board and network differ); none has less memory or is much slower."""

_PREFERRED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("runpod", "A100"): ("A100-80GB", "A100-80GB-SXM"),
    ("runpod", "H200"): ("H200-SXM",),
    ("runpod", "A6000"): ("RTXA6000",),
    ("fluidstack", "A6000"): ("RTXA6000",),
    ("lambda", "RTXA6000"): ("A6000",),
}
"""(provider, accelerator) -> the names by which it is sold there, where the plain one is not. RunPod has no A100 of
40 GB: the one of 80 is what its users mean."""

_CASED = {name.lower(): name for name in (*MEMORY_GB, *(each for many in _VARIANTS.values() for each in many))}


def split(accelerator: Accelerator) -> tuple[str, int]:
    """`H100:8` as name and count; the name with the capitals of the catalogs, the count 1 when left out."""
    name, _, count = accelerator.partition(":")
    return _CASED.get(name.lower(), name), int(count or 1)


def names_at(provider: str, name: str) -> tuple[str, ...]:
    """The names that an accelerator may have in a provider's catalog, the likeliest first."""
    own = _PREFERRED.get((provider, name), ())
    return tuple(dict.fromkeys((*own, *(() if own else (name,)), *_VARIANTS.get(name, ()))))


def memory_gb(name: str) -> float | None:
    """Memory of one GPU in GiB; None for one that is not known."""
    if name in MEMORY_GB:
        return MEMORY_GB[name]
    return next((MEMORY_GB[plain] for plain, others in _VARIANTS.items() if name in others), None)


def nearest(name: str) -> str | None:
    """The known name that one that is not known may mean; None for a known one, and where none is near."""
    if name.lower() in _CASED:
        return None
    return next((_CASED[each] for each in get_close_matches(name.lower(), list(_CASED), n=1)), None)
