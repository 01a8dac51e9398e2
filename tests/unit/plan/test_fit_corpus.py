"""The sums against configurations that are known to run, and known not to (fit_corpus.yaml)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from otcloud.plan.fit import Misfit, Sizes, fit
from otcloud.recipe.load import load
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.shape import Shape

CORPUS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "fit_corpus.yaml").read_text(encoding="utf-8"))
IDS = {
    kind: [f"{case.get('preset') or case['shape']}, {case['source']}" for case in CORPUS[kind]]
    for kind in ("runs", "fails")
}


def _shape(case: dict[str, Any]) -> Shape:
    if "shape" in case:
        return Shape.model_validate(CORPUS["shapes"][case["shape"]])
    return load(preset=case["preset"], flags={"dataset": "tb@2.0"}, cwd=Path("/")).recipe.model.shape


def _fit(case: dict[str, Any]) -> Sizes | Misfit:
    tensor, pipeline, data = case.get("parallel", (None, None, None))
    serve: dict[str, Any] = {
        "max_model_len": case["context"],
        "tensor_parallel": tensor,
        "pipeline_parallel": pipeline,
        "data_parallel": data,
        "kv_cache_dtype": case.get("kv"),
        "gpu_memory_utilization": case.get("utilization"),
    }
    return fit(Recipe.model_validate({"serve": serve}), _shape(case), case["gb"], case["gpus"], case.get("nodes", 1))


@pytest.mark.parametrize("case", CORPUS["runs"], ids=IDS["runs"])
def test_what_is_known_to_run_fits(case: dict[str, Any]) -> None:
    sizes = _fit(case)
    assert isinstance(sizes, Sizes)
    assert sizes.memory is not None
    assert sizes.max_model_len == case["context"]
    if "parallel" in case:
        assert (sizes.tensor, sizes.pipeline, sizes.data, sizes.notes) == (*case["parallel"], ())
    if "tokens" in case:
        assert sizes.memory.contexts * sizes.data * case["context"] == pytest.approx(case["tokens"], rel=0.3)


@pytest.mark.parametrize("case", CORPUS["fails"], ids=IDS["fails"])
def test_what_is_known_to_fail_is_a_misfit_with_advice(case: dict[str, Any]) -> None:
    found = _fit(case)
    assert isinstance(found, Misfit)
    assert case["reason"] in found.reason
    assert case.get("advice", "of these and up") in found.advice
