"""What each provider can do, as SkyPilot 0.14.1 drives it. Pure data.

From the unsupported features that SkyPilot's cloud classes state (`_unsupported_features_for_resources`); a contract
test compares the two. Names and aliases of providers are the schema's.
"""

import re
from dataclasses import dataclass
from typing import Literal

from otcloud.recipe.schema.compute import PROVIDERS


@dataclass(frozen=True)
class Provider:
    """One provider. `place` is what its region is called."""

    stop: Literal["always", "on demand", "never"] = "always"
    """Whether a machine can be stopped and kept: `on demand`, not when it is a spot machine."""

    down: bool = True
    """Whether a machine can end itself (autodown): without it nothing enforces the run's lifetime."""

    spot: bool = True
    """Whether there are machines that may be taken back."""

    multi_node: bool = True
    """Whether several machines can form a cluster."""

    image: bool = True
    """Whether a container image can be the node's system."""

    zones: bool = False
    """Whether regions have zones that can be asked for (partitions, on Slurm)."""

    priced: bool = True
    """Whether there is a catalog with prices."""

    place: str = "region"
    """What its regions are called."""

    regions: str | None = None
    """What a name of a region looks like, as a regular expression; None: anything."""

    def may_have(self, region: str) -> bool:
        """Whether a name can be one of its regions, by its looks alone."""
        return self.regions is None or re.fullmatch(self.regions, region.lower()) is not None


_DASHED = r"[a-z]{2,}(-[a-z]+)+-\d+"
_GOOGLE = r"[a-z]+(-[a-z]+)+\d+"
_COUNTRY = r"[a-z]{2}|[a-z .,]+, [a-z]{2}"

KNOWN: dict[str, Provider] = {
    "aws": Provider(stop="on demand", zones=True, regions=_DASHED),
    "azure": Provider(stop="on demand", zones=True, regions=r"[a-z]+\d?"),
    "cudo": Provider(stop="never", spot=False, image=False),
    "do": Provider(spot=False),
    "fluidstack": Provider(stop="never", spot=False),
    "gcp": Provider(zones=True, regions=_GOOGLE),
    "hyperbolic": Provider(stop="never", down=False, spot=False, multi_node=False, image=False),
    "ibm": Provider(stop="on demand", image=False, zones=True),
    "kubernetes": Provider(stop="never", spot=False, priced=False, place="context"),
    "lambda": Provider(stop="never", spot=False, regions=_DASHED),
    "local": Provider(stop="never", spot=False, multi_node=False, image=False, priced=False),
    "mithril": Provider(),
    "nebius": Provider(),
    "oci": Provider(stop="on demand", image=False, zones=True),
    "paperspace": Provider(spot=False),
    "primeintellect": Provider(stop="never", down=False, multi_node=False, image=False, zones=True),
    "runpod": Provider(stop="never", multi_node=False, zones=True, regions=_COUNTRY),
    "scp": Provider(stop="on demand", spot=False, image=False),
    "seeweb": Provider(spot=False, multi_node=False),
    "shadeform": Provider(stop="never", spot=False, multi_node=False, image=False),
    # With the Pyxis plug-in a cluster runs containers; whether it has it is known on the cluster alone.
    "slurm": Provider(stop="never", spot=False, zones=True, priced=False, place="cluster"),
    "ssh": Provider(stop="never", spot=False, priced=False, place="node pool"),
    "vast": Provider(multi_node=False, regions=_COUNTRY),
    "verda": Provider(stop="never", down=False, multi_node=False, image=False),
    "vsphere": Provider(spot=False, multi_node=False, image=False, priced=False),
    "yotta": Provider(stop="never", down=False, spot=False, multi_node=False),
}
"""Every provider of the schema."""


def priced(providers: list[str]) -> tuple[str, ...]:
    """Those of the providers that can be used and have a catalog with prices, in their order, once each."""
    return tuple(name for name in dict.fromkeys(providers) if KNOWN[name].priced and KNOWN[name].down)


def able(feature: Literal["stop", "spot", "multi_node", "image"]) -> tuple[str, ...]:
    """The providers that can do something (stop: a machine on demand) and end a machine by themselves."""
    found = {name: getattr(each, feature) for name, each in KNOWN.items() if each.down and each.priced}
    return tuple(name for name in PROVIDERS if found.get(name) not in (None, False, "never"))
