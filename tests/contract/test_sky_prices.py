"""SkyPilot's catalogs through the real SkyPilot: seeded files in a home of its own, made-up prices, no network."""

import json
import sys
from pathlib import Path

import pytest

from otcloud import process
from otcloud.launch import sky_prices
from otcloud.plan.facts import Offer
from otcloud.plan.providers import KNOWN
from otcloud.recipe.schema import Recipe
from tests.conftest import REAL_ENVIRON
from tests.contract import sky_catalogs
from tests.unit.plan.made import recipe

DAY = "20261120"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home with seeded catalogs, and a proxy where nobody listens."""
    sky_catalogs.seed(tmp_path)
    (tmp_path / "tmp").mkdir()
    kept = {name: REAL_ENVIRON[name] for name in ("PATH", "LANG") if name in REAL_ENVIRON}
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    return {**kept, **nowhere, "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}


def asking(*providers: str, **changes: object) -> Recipe:
    """A vLLM recipe for H100s, or what `changes` say."""
    compute = {"providers": list(providers), "accelerators": ["H100:1"]}
    return recipe(**{"model": {"id": "made/model"}, "compute": compute} | changes)


def test_offers_come_from_the_catalogs_and_are_kept_for_a_day(tmp_path: Path, environ: dict[str, str]) -> None:
    """Every region and count, GPU and host together; a catalog that cannot be had is said to be; then no SkyPilot."""
    cache = tmp_path / "cache"
    found, catalogs = sky_prices.offers(asking("gcp", "lambda", "vast"), cache, environ, DAY)
    assert catalogs == {
        "gcp": None,
        "lambda": None,
        "vast": "its catalog could not be fetched; is there a network?",
    }
    assert found[0] == Offer(
        provider="gcp",
        region="us-central1",
        instance_type="a3-highgpu-1g",
        accelerator="H100",
        count=1,
        gpu_memory_gb=80.0,
        hourly_usd=7.0,
        spot_hourly_usd=2.5,
    )
    assert [each.instance_type for each in found if each.provider == "lambda"] == [
        "gpu_1x_h100_pcie",
        "gpu_1x_h100_sxm5",
    ]
    assert all(each.spot_hourly_usd is None for each in found if each.provider == "lambda")
    for catalog in (tmp_path / ".sky/catalogs").rglob("vms.csv"):
        catalog.unlink()
    assert sky_prices.offers(asking("gcp", "lambda"), cache, environ, DAY) == (found, {"gcp": None, "lambda": None})
    assert sky_prices.offers(asking("gcp"), cache, environ, "20261121")[1]["gcp"] is not None


def test_a_small_machine_is_the_providers_usual_one(tmp_path: Path, environ: dict[str, str]) -> None:
    """Where nobody needs a GPU."""
    api = asking("gcp", model={"id": "m", "engine": "api", "base_url": "http://h/v1"})
    [found], _ = sky_prices.offers(api, tmp_path / "cache", environ, DAY)
    assert (found.instance_type, found.accelerator, found.hourly_usd) == ("n2-standard-8", None, 0.4)


def test_nothing_is_asked_for_machines_without_prices(tmp_path: Path) -> None:
    """This machine, clusters of one's own, providers that cannot be used: no child is started."""
    asked = asking("local", "kubernetes", "slurm", "primeintellect")
    assert sky_prices.offers(asked, tmp_path, {}, DAY) == ((), {})


def test_what_providers_can_do_is_what_skypilot_says(tmp_path: Path, environ: dict[str, str]) -> None:
    """The table of the plan against the classes of the pinned SkyPilot."""
    answer = tmp_path / "answer.json"
    child = Path(__file__).with_name("sky_features.py")
    done = process.run([sys.executable, child, answer], env=environ)
    assert done.code == 0, done.stderr
    said: dict[str, list[list[str]]] = json.loads(answer.read_text())
    for name, known in KNOWN.items():
        if name == "local":
            continue
        demand, spot = map(set, said[name])
        told = "never" if "stop" in demand else "on demand" if "stop" in spot else "always"
        if name == "slurm":
            demand.discard("docker_image")  # depends on a plug-in of the cluster
        assert (name, known.stop, known.down) == (name, told, "autodown" not in demand)
        assert (name, known.spot, known.multi_node) == (name, "spot_instance" not in demand, "multi-node" not in demand)
        assert (name, known.image) == (name, "docker_image" not in demand)
