"""Flags of OpenThoughts-Agent beyond those that are a key's name: its files, its launchers' and local runners' own."""

from otcloud.recipe.flag import UPSTREAM, Flag
from otcloud.recipe.harbor_words import harbor_words

HARBOR_CONFIG = "--harbor-config"
DATAGEN_CONFIG = "--datagen-config"

_PORT = "a free port is taken"

FLAGS: tuple[Flag, ...] = (
    Flag(
        HARBOR_CONFIG,
        "",
        UPSTREAM,
        "A Harbor job file, of version 0.1 or 0.24, as it is. Below a recipe, above a preset.",
        metavar="FILE",
        repeat=True,
    ),
    Flag(
        DATAGEN_CONFIG,
        "",
        UPSTREAM,
        "A datagen file (engine, backend, vllm_server), or a benchmark guide's config.yaml, as it is. Above Harbor's.",
        metavar="FILE",
        repeat=True,
    ),
    Flag(
        "--harbor-extra-arg",
        "",
        UPSTREAM,
        "Words of `harbor run`, such as `--n-concurrent 8`; those that a recipe has a key for. Repeat for more.",
        metavar="WORDS",
        repeat=True,
        read=harbor_words,
    ),
    Flag("--gpus", "compute.accelerators", UPSTREAM, "GPUs of an --accelerator that names no count.", takes=int),
    Flag(
        "--health-max-attempts",
        "serve.ready_timeout_min",
        UPSTREAM,
        "Times --health-retry-delay is the time for the server to get ready; 100 when only the other is given.",
        takes=int,
    ),
    Flag(
        "--health-retry-delay",
        "serve.ready_timeout_min",
        UPSTREAM,
        "Seconds; 30 when only the other is given.",
        takes=float,
        metavar="SECONDS",
    ),
    Flag(
        "--host",
        "",
        UPSTREAM,
        "Taken and without effect: the server listens on 127.0.0.1.",
        instead="the server listens on 127.0.0.1, and elsewhere only with serve.expose",
    ),
    Flag("--ray-port", "", UPSTREAM, f"Taken and without effect: {_PORT}.", takes=int, instead=_PORT),
    Flag("--api-port", "", UPSTREAM, f"Taken and without effect: {_PORT}.", takes=int, instead=_PORT),
    Flag(
        "--list-providers",
        "",
        UPSTREAM,
        "Not in this version: which providers are set up here.",
        takes=bool,
        refused="is not in this version: it would show which providers are set up here",
    ),
)
"""In the order in which help shows them."""
