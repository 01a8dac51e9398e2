"""Parallel sizes, context and concurrency for one accelerator; what does not fit is told with what would help."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.plan.fit import LEAST_SEQUENCES, MOST_SEQUENCES, Misfit, Sizes, fit
from otcloud.plan.sizes import divides
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.shape import Shape

DENSE = Shape(weights_gb=65.5, layers=64, heads=64, kv_heads=8, head_size=128, max_context=40960)
MOE = Shape(weights_gb=195, expert_share=0.8, layers=92, heads=96, kv_heads=8, head_size=128, max_context=202752)
LATENT = Shape(weights_gb=594, expert_share=0.95, layers=61, heads=64, latent_size=576, max_context=262144)


def _recipe(**serve: Any) -> Recipe:
    return Recipe.model_validate({"serve": serve})


def _sizes(shape: Shape | None, gb: float | None, gpus: int, nodes: int = 1, **serve: Any) -> Sizes:
    found = fit(_recipe(**serve), shape, gb, gpus, nodes)
    assert isinstance(found, Sizes), found
    return found


def _parallel(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.tensor, sizes.pipeline, sizes.data


@pytest.mark.parametrize(
    ("shape", "gb", "gpus", "nodes", "serve", "parallel"),
    [
        (DENSE, 141, 1, 1, {}, (1, 1, 1)),
        (DENSE, 141, 8, 1, {}, (1, 1, 8)),
        (DENSE, 80, 8, 1, {"max_model_len": 32768}, (2, 1, 4)),
        (DENSE, 80, 6, 1, {"max_model_len": 32768}, (2, 1, 3)),
        (DENSE, 40, 4, 2, {"max_model_len": 32768}, (2, 2, 2)),
        (MOE, 80, 8, 1, {"max_model_len": 131072}, (8, 1, 1)),
        (MOE, 96, 1, 16, {"max_model_len": 131072}, (1, 16, 1)),
        (LATENT, 80, 8, 2, {"max_model_len": 131072}, (8, 2, 1)),
        (LATENT, 141, 8, 1, {"max_model_len": 131072}, (8, 1, 1)),
    ],
)
def test_planned_sizes_are_the_smallest_replica_that_has_room(
    shape: Shape, gb: float, gpus: int, nodes: int, serve: dict[str, Any], parallel: tuple[int, int, int]
) -> None:
    sizes = _sizes(shape, gb, gpus, nodes, **serve)
    assert (_parallel(sizes), sizes.notes) == (parallel, ())


def test_stated_sizes_win_when_they_use_the_gpus_and_fit() -> None:
    serve = {"tensor_parallel": 4, "pipeline_parallel": 1, "data_parallel": 2, "max_model_len": 32768}
    assert (_parallel(_sizes(DENSE, 80, 8, **serve)), _sizes(DENSE, 80, 8, **serve).notes) == ((4, 1, 2), ())
    assert _parallel(_sizes(DENSE, 80, 8, tensor_parallel=4, max_model_len=32768)) == (4, 1, 2)


@pytest.mark.parametrize(
    ("serve", "gpus", "why"),
    [
        (
            {"tensor_parallel": 8, "pipeline_parallel": 1, "data_parallel": 1},
            4,
            "take 8 GPUs and the accelerator has 4",
        ),
        ({"tensor_parallel": 1, "data_parallel": 4}, 4, "leave no room for one full context"),
        ({"tensor_parallel": 3}, 3, "cannot split 64 attention heads and what belongs to them"),
    ],
)
def test_the_accelerator_wins_with_a_note(serve: dict[str, Any], gpus: int, why: str) -> None:
    found = fit(_recipe(max_model_len=40960, **serve), DENSE, 80 if gpus == 4 else 141, gpus, 1)
    assert isinstance(found, Sizes)
    assert found.tensor * found.pipeline * found.data == gpus
    (note,) = found.notes
    assert note.startswith("serve: the parallel sizes ")
    assert why in note


def test_experts_are_shared_by_replicas_of_one_server() -> None:
    """Two GPUs of one replica hold a quarter of the experts each when four replicas share them."""
    alone = _sizes(MOE, 141, 1, 2, max_model_len=32768)
    shared = _sizes(MOE, 80, 1, 8, max_model_len=32768, tensor_parallel=1, pipeline_parallel=2, data_parallel=4)
    assert alone.memory is not None
    assert shared.memory is not None
    assert alone.memory.weights_gb == 97.5
    assert shared.memory.weights_gb == 195 * 0.2 / 2 + 195 * 0.8 / 8
    assert _parallel(shared) == (1, 2, 4)


def test_the_sums_of_gpt_oss() -> None:
    """18 layers keep 131072 tokens and 18 keep 128 + 8192, of 2 x 8 x 64 values of two bytes."""
    shape = Shape(
        weights_gb=65.3,
        layers=36,
        heads=64,
        kv_heads=8,
        head_size=64,
        sliding_layers=18,
        window=128,
        max_context=131072,
    )
    memory = _sizes(shape, 141, 1, gpu_memory_utilization=0.9).memory
    assert memory is not None
    assert memory.context_gb == pytest.approx(18 * (131072 + 8320) * 2 * 8 * 64 * 2 / 1e9, abs=0.001)
    assert memory.usable_gb == pytest.approx(141 * 0.99 * 2**30 / 1e9 * 0.9, abs=0.01)
    assert memory.kv_cache_gb == pytest.approx(memory.usable_gb - 65.3 - 2.5, abs=0.01)


def test_the_cache_of_an_eight_bit_type_is_half_and_a_state_does_not_grow() -> None:
    def one(shape: Shape, **serve: Any) -> float:
        memory = _sizes(shape, 141, 1, **serve).memory
        assert memory is not None
        return memory.context_gb

    assert one(DENSE, kv_cache_dtype="fp8") == pytest.approx(one(DENSE) / 2, abs=0.001)
    hybrid = Shape(weights_gb=63, layers=52, heads=32, kv_layers=6, kv_heads=2, head_size=128, state_mb=50)
    assert one(hybrid, max_model_len=8192) == pytest.approx(0.05 + 8192 * 6 * 2 * 2 * 128 * 2 / 1e9, abs=0.001)


def test_a_context_that_is_not_stated_is_halved_until_it_fits() -> None:
    sizes = _sizes(MOE, 141, 2)
    assert (sizes.max_model_len, sizes.notes) == (
        101376,
        ("serve.max_model_len: 101376 of the model's 202752 tokens, which is what fits",),
    )
    longer = _sizes(DENSE, 141, 1, max_model_len=65536)
    assert longer.notes == ("serve.max_model_len: 65536 tokens are more than the 40960 that the model was made for",)


def test_concurrency_is_stated_or_what_the_cache_holds_of_half_full_contexts() -> None:
    assert _sizes(DENSE, 141, 1, max_num_seqs=500).max_num_seqs == 500
    held = _sizes(DENSE, 141, 1, max_model_len=32768)
    assert held.memory is not None
    assert held.max_num_seqs == int(held.memory.kv_cache_gb / (held.memory.context_gb / 2))
    assert _sizes(DENSE, 80, 1, kv_cache_dtype="fp8", max_model_len=32768).max_num_seqs == LEAST_SEQUENCES
    assert _sizes(DENSE, 141, 8, max_model_len=1024).max_num_seqs == MOST_SEQUENCES


def test_offloaded_weights_make_room() -> None:
    assert isinstance(fit(_recipe(max_model_len=32768), DENSE, 70, 1, 1), Misfit)
    memory = _sizes(DENSE, 70, 1, max_model_len=32768, cpu_offload_gb=20).memory
    assert memory is not None
    assert memory.weights_gb == 45.5


def test_every_advice_helps() -> None:
    found = fit(_recipe(max_model_len=40960), DENSE, 80, 1, 1)
    assert isinstance(found, Misfit)
    assert found.advice == (
        "serve.kv_cache_dtype: fp8; serve.max_model_len: 20480; serve.cpu_offload_gb: 3 (slow: weights cross the bus "
        "at every step); GPUs with more memory, or more of them (2 of these and up)"
    )
    helps: list[dict[str, Any]] = [{"kv_cache_dtype": "fp8"}, {"max_model_len": 20480}, {"cpu_offload_gb": 3}]
    for serve in helps:
        assert _sizes(DENSE, 80, 1, **({"max_model_len": 40960} | serve)).memory is not None
    assert _sizes(DENSE, 80, 2, max_model_len=40960).memory is not None


@pytest.mark.parametrize(
    ("shape", "gb", "gpus", "serve", "parallel", "said"),
    [
        (None, 80, 4, {}, (4, 1, 1), "the model's shape is not known"),
        (Shape(weights_gb=10), 80, 6, {}, (2, 1, 3), "the model's shape is not known"),
        (DENSE, None, 8, {"tensor_parallel": 8}, (8, 1, 1), "the accelerator's memory is not known"),
        (None, 80, 4, {"tensor_parallel": 2, "data_parallel": 4}, (4, 1, 1), "take 8 GPUs and the accelerator has 4"),
        (None, None, 0, {"tensor_parallel": 2}, (2, 1, 1), ""),
    ],
)
def test_what_is_not_known_is_no_misfit(
    shape: Shape | None,
    gb: float | None,
    gpus: int,
    serve: dict[str, Any],
    parallel: tuple[int, int, int],
    said: str,
) -> None:
    sizes = _sizes(shape, gb, gpus, **serve)
    assert (_parallel(sizes), sizes.memory) == (parallel, None)
    assert said in " ".join(sizes.notes)
    assert bool(sizes.notes) == bool(said)


SHAPES = st.builds(
    Shape,
    weights_gb=st.floats(0.5, 1500),
    expert_share=st.sampled_from([0.0, 0.5, 0.95]),
    layers=st.integers(1, 130),
    heads=st.sampled_from([8, 12, 32, 40, 64, 96, 128]),
    kv_heads=st.sampled_from([1, 2, 4, 8]),
    head_size=st.sampled_from([64, 128]),
    latent_size=st.none() | st.just(576),
    state_mb=st.sampled_from([0.0, 50.0]),
    max_context=st.sampled_from([8192, 40960, 131072, 262144]),
    max_tensor=st.none() | st.just(4),
)
SERVES = st.fixed_dictionaries(
    {},
    optional={
        "tensor_parallel": st.sampled_from([1, 2, 3, 8]),
        "pipeline_parallel": st.sampled_from([1, 2]),
        "data_parallel": st.sampled_from([1, 2, 4]),
        "max_model_len": st.sampled_from([4096, 32768, 131072]),
        "max_num_seqs": st.integers(1, 500),
        "kv_cache_dtype": st.sampled_from(["auto", "fp8", "nvfp4"]),
        "gpu_memory_utilization": st.floats(0.5, 0.98),
        "cpu_offload_gb": st.floats(0, 40),
    },
)
PLACES = st.tuples(st.floats(8, 300), st.integers(1, 16), st.integers(1, 16))


@settings(max_examples=300, deadline=None)
@given(SHAPES, SERVES, PLACES, st.floats(1, 3))
def test_more_memory_never_makes_a_misfit(
    shape: Shape, serve: dict[str, Any], place: tuple[float, int, int], factor: float
) -> None:
    gb, gpus, nodes = place
    if isinstance(fit(_recipe(**serve), shape, gb, gpus, nodes), Sizes):
        assert isinstance(fit(_recipe(**serve), shape, gb * factor, gpus, nodes), Sizes)


@settings(max_examples=300, deadline=None)
@given(SHAPES, SERVES, PLACES)
def test_sizes_use_the_gpus_and_the_sums_agree(
    shape: Shape, serve: dict[str, Any], place: tuple[float, int, int]
) -> None:
    gb, gpus, nodes = place
    found = fit(_recipe(**serve), shape, gb, gpus, nodes)
    if isinstance(found, Misfit):
        assert found.reason
        assert "GPUs" in found.advice
        return
    assert found.tensor * found.pipeline * found.data == gpus * nodes
    assert divides(shape, found.tensor)
    memory = found.memory
    assert memory is not None
    assert memory.weights_gb + memory.overhead_gb + memory.kv_cache_gb == pytest.approx(memory.usable_gb, abs=0.03)
    assert memory.contexts >= 1
    assert found.max_num_seqs is not None
    assert found.max_num_seqs >= 1
    assert found.max_model_len == serve.get("max_model_len", found.max_model_len)
