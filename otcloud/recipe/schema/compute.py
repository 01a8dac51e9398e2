"""`compute`: where the run takes place, first choice first."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from otcloud.recipe.schema.noun import Form, Noun, Positive

Accelerator = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*(:[1-9][0-9]{0,3})?$"),
    Form("a name and a count, such as `H100:8`"),
]
"""`H100:8`: name and count; the count is 1 when left out."""


PROVIDERS = (
    "local",
    *("aws", "azure", "cudo", "do", "fluidstack", "gcp", "hyperbolic", "ibm", "kubernetes", "lambda", "mithril"),
    *("nebius", "oci", "paperspace", "primeintellect", "runpod", "scp", "seeweb", "shadeform", "slurm", "ssh"),
    *("vast", "verda", "vsphere", "yotta"),
)
"""This machine, and every cloud that SkyPilot 0.14.1 knows."""

PROVIDER_ALIASES = {
    "google": "gcp",
    "amazon": "aws",
    "lambdalabs": "lambda",
    "lambda_cloud": "lambda",
    "vastai": "vast",
    "vast.ai": "vast",
    "k8s": "kubernetes",
    "kube": "kubernetes",
    "digitalocean": "do",
}
"""Other names that people know a provider by."""


def provider_name(text: str) -> str:
    """The name that otcloud uses for a provider. Errors: ValueError for one that it does not know."""
    name = text.strip().lower()
    name = PROVIDER_ALIASES.get(name, name)
    if name not in PROVIDERS:
        raise ValueError("is not a provider")
    return name


Provider = Annotated[str, AfterValidator(provider_name)]
"""A provider by any of its names; kept by the one that otcloud uses."""


class Compute(Noun):
    """Where the run takes place. Lists are in order of preference."""

    providers: list[Provider] = Field(default_factory=lambda: ["local"], min_length=1)
    """Providers in the order in which they are tried; `local` is this machine."""

    accelerators: list[Accelerator] = Field(default_factory=list[Accelerator])
    """Accelerators in the order in which they are tried, such as `H100:1`; counts are exact. On other machines `A100:1`
    when a server is booted and neither this nor `instance_type` is given."""

    regions: list[str] = Field(default_factory=list[str])
    """Regions, tried in order (Kubernetes contexts and Slurm clusters too); empty: any. A provider that has none of
    them is tried in any of its own, when they are another provider's of the list."""

    zone: str | None = None
    """One zone, or Slurm partition; left out where a provider has none."""

    instance_type: str | None = None
    """One type of machine by the provider's name; its accelerator is the catalog's."""

    prefer: Literal["accelerator", "provider", "cheapest"] = "accelerator"
    """What is exhausted first: every provider for one accelerator, every accelerator at one provider, or price."""

    spot: bool = False
    """Use machines that the provider may take back."""

    nodes: Annotated[int, Field(ge=1, le=256)] = 1
    """Machines that serve one model together."""

    image: str | None = None
    """Container image for the node."""

    disk_gb: Positive | None = None
    """Size of the machine's disk, in GB."""

    max_hourly_cost: Annotated[float, Field(gt=0)] | None = None
    """Dearest machine that is acceptable, in dollars per hour; the spot price with `spot`."""

    cluster: str | None = None
    """A warm cluster, or the run that has one, to run on."""

    managed: bool | None = None
    """Run as a SkyPilot managed job, which needs no live client."""

    detach: bool = False
    """Return once the run has been handed over."""

    retry_until_up: bool = False
    """Keep asking for a machine until the run's own deadline."""
