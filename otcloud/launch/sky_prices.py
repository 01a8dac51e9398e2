"""SkyPilot's catalogs: what a provider offers and asks for, read without credentials.

SkyPilot takes seconds to import, talks on stdout and writes to `~/.sky`, so a child process asks it: this file is that
child too (`python -m otcloud.launch.sky_prices`, question on stdin, answer as the last line of stdout). The answer is
kept for a day in the cache folder. No network, no SkyPilot: nothing is known, and the reason is.
"""

import hashlib
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from otcloud import process
from otcloud.plan.accelerators import names_at
from otcloud.plan.facts import Offer
from otcloud.plan.providers import priced
from otcloud.plan.wanted import MIN_CPUS, MIN_MEMORY_GB, wanted
from otcloud.recipe.schema import Recipe
from otcloud.runs.journal import read_json, write_json

_TIMEOUT_SEC = 120.0
_FORMAT = "1 skypilot 0.14.1"


type Answer = tuple[tuple[Offer, ...], dict[str, str | None]]
"""Offers, and provider -> None when its catalog was read, else why not."""


def offers(recipe: Recipe, cache: Path, environ: Mapping[str, str], day: str) -> Answer:
    """What the providers of a recipe offer of what it asks for; `day` (`20261120`) is how long an answer is kept."""
    asked = question(recipe)
    if asked is None:
        return (), {}
    folder = cache / "prices" / day
    kept = {each: folder / f"{each}-{_digest({**asked, 'providers': [each]})}.json" for each in asked["providers"]}
    known = {each: _answer(read_json(path), [each]) for each, path in kept.items()}
    missing = [each for each, answer in known.items() if answer is None]
    fresh: Answer = _ask({**asked, "providers": missing}, environ) if missing else ((), {})
    for each in missing:
        own = tuple(offer for offer in fresh[0] if offer.provider == each)
        known[each] = (own, {each: fresh[1][each]})
        if fresh[1][each] is None:
            _keep(kept[each], own, each)
    answers = [answer for answer in known.values() if answer is not None]
    catalogs = {each: reason for _, read in answers for each, reason in read.items()}
    return tuple(offer for found, _ in answers for offer in found), catalogs


def question(recipe: Recipe) -> dict[str, Any] | None:
    """What to ask the catalogs; None where there is nothing to ask. JSON data."""
    providers, compute = list(priced(recipe.compute.providers)), recipe.compute
    if not providers:
        return None
    each = wanted(recipe)
    names = {name for one in each if one.name for provider in providers for name in names_at(provider, one.name)}
    return {
        "providers": providers,
        "accelerators": sorted(names),
        "instance_type": compute.instance_type,
        "regions": compute.regions,
        "small": {"cpus": f"{MIN_CPUS}+", "memory": f"{MIN_MEMORY_GB}+"} if not names else None,
    }


def _ask(asked: dict[str, Any], environ: Mapping[str, str]) -> Answer:
    argv = [sys.executable, "-P", "-m", "otcloud.launch.sky_prices"]
    # SkyPilot reports its use by default.
    env = {**environ, "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
    done = process.run(argv, env=env, stdin=json.dumps(asked), timeout_sec=_TIMEOUT_SEC)
    said = done.stdout.strip().rpartition("\n")[2]
    try:
        document = json.loads(said) if done.code == 0 else None
    except ValueError:
        document = None  # SkyPilot's own talk, or nothing: the same as no answer
    told = (done.stderr.strip().splitlines() or [f"it ended with code {done.code}"])[-1]
    failed = f"SkyPilot did not answer: {told[:120]}"
    return _answer(document, asked["providers"]) or ((), dict.fromkeys(asked["providers"], failed))


def _answer(document: object, providers: Sequence[str]) -> Answer | None:
    """A stored or fresh answer; None when it is none, as what another version wrote may be."""
    if not isinstance(document, dict):
        return None
    read = cast("dict[str, Any]", document)
    try:
        catalogs = {name: read["catalogs"][name] for name in providers}
        return tuple(Offer.model_validate(each) for each in read["offers"]), catalogs
    except (KeyError, TypeError, ValueError):
        return None  # not of this version: asked anew


def _digest(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([_FORMAT, asked], sort_keys=True).encode()).hexdigest()[:16]


def _keep(kept: Path, found: Sequence[Offer], provider: str) -> None:
    document = {"offers": [each.model_dump(mode="json") for each in found], "catalogs": {provider: None}}
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_json(kept, document)
        for old in kept.parent.parent.glob("*/*.json"):
            if old.parent.name < kept.parent.name:
                old.unlink(missing_ok=True)
    except OSError:
        return  # a cache that cannot be written: asked again next time


def main() -> None:
    """The child: answer one question."""
    asked = json.load(sys.stdin)
    found: list[Offer] = []
    catalogs: dict[str, str | None] = {}
    for provider in asked["providers"]:
        try:
            found += _typed(provider, asked) if asked["small"] is None or asked["instance_type"] else []
            found += _small(provider, asked) if asked["small"] is not None and not asked["instance_type"] else []
            catalogs[provider] = None
        except Exception as error:  # noqa: BLE001 - SkyPilot raises whatever its libraries do; one catalog is not all
            catalogs[provider] = _reason(error)
    answer = {"offers": [each.model_dump(mode="json") for each in found], "catalogs": catalogs}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


def _typed(provider: str, asked: dict[str, Any]) -> Iterator[Offer]:
    """Machines with GPUs, in all regions and counts."""
    import sky

    names, stated = asked["accelerators"], asked["instance_type"]
    pattern = f"^(?:{'|'.join(re.escape(name) for name in names)})$" if names else None
    ask, of = cast("Any", sky).list_accelerators, {"gpus_only": True, "clouds": [provider], "all_regions": True}
    try:
        listed = ask(name_filter=pattern, **of)
    except TypeError:
        # A filter that leaves nothing of Google Cloud's list ends in a sum over an empty column (SkyPilot 0.14.1).
        every = ask(name_filter=None, **of)
        listed = {name: infos for name, infos in every.items() if pattern is None or re.match(pattern, name)}
    for infos in listed.values():
        for info in infos:
            if stated is None or info.instance_type == stated:
                yield Offer(
                    provider=provider,
                    region=_text(info.region),
                    instance_type=_text(info.instance_type),
                    accelerator=info.accelerator_name,
                    count=int(info.accelerator_count),
                    gpu_memory_gb=_number(info.device_memory),
                    hourly_usd=_number(info.price),
                    spot_hourly_usd=_number(info.spot_price),
                )


def _small(provider: str, asked: dict[str, Any]) -> Iterator[Offer]:
    """The provider's usual machine without GPUs, in the regions that are asked for."""
    from sky import catalog

    sky_catalog = cast("Any", catalog)
    name = sky_catalog.get_default_instance_type(**asked["small"], clouds=provider)
    if name is None:
        return
    for region in asked["regions"] or [None]:
        yield Offer(
            provider=provider,
            region=region,
            instance_type=name,
            hourly_usd=_price(sky_catalog, name, False, region, provider),
            spot_hourly_usd=_price(sky_catalog, name, True, region, provider),
        )


def _price(catalog: Any, name: str, spot: bool, region: str | None, provider: str) -> float | None:
    try:
        return _number(catalog.get_hourly_cost(name, spot, region, None, clouds=provider))
    except (ValueError, AssertionError, KeyError):
        return None  # not sold there, or not as a spot machine: SkyPilot says so by raising


def _number(value: object) -> float | None:
    """A price or size; pandas has NaN where the catalog is empty."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "sky":
        return "SkyPilot is not installed: pip install 'otcloud[sky]'"
    if type(error).__module__.startswith("requests"):
        return "its catalog could not be fetched; is there a network?"
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"[:160]


if __name__ == "__main__":
    main()
