"""Whether a model fits an accelerator, and with which parallel sizes, context and concurrency. Pure.

Sizes: what the recipe states wins when it uses the GPUs there are and fits; else sizes are planned, with a note (the
accelerator wins). Planned are, over all sizes that use every GPU, the smallest replica (tensor x pipeline) that holds
the weights and four full contexts, the rest being data parallel; where none holds four, the one that holds most. Tensor
parallel divides the attention heads and stays inside a machine; pipeline parallel runs across machines.
Context: as stated; else the model's own, halved until it fits. Concurrency: as stated; else what the cache holds.
"""

from typing import NamedTuple

from otcloud.plan.memory import Layout, overhead_gb, sequence_gb, usable_gb, weights_gb
from otcloud.plan.misfit import Misfit, misfit
from otcloud.plan.sizes import Parallel, blind, divides, planned, stated
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.noun import Noun
from otcloud.recipe.schema.shape import Shape

UTILIZATION = 0.9
"""Share of a GPU's memory that the server takes when the recipe does not say (vLLM's own default has changed)."""

GOOD_CONTEXTS = 4
"""Full contexts that a replica should hold: below, sequences wait for each other's memory."""

SHORTEST = 8192
"""Context below which an agent's conversation has no room: shorter ones are not planned, only obeyed."""

LEAST_SEQUENCES = 8
"""The least that published configurations decode at once: most conversations stay far below the context, and where
they do not, vLLM lets the latest wait."""

MOST_SEQUENCES = 256
"""vLLM's own max_num_seqs on GPUs below 70 GB; more sequences than that are decoded one after the other anyway."""


class Memory(Noun):
    """The sums behind sizes, for one GPU, in GB of 10^9 bytes."""

    usable_gb: float
    """What the server may take of the GPU."""

    weights_gb: float
    """Its share of the weights."""

    overhead_gb: float
    """Activations, CUDA graphs, communication."""

    kv_cache_gb: float
    """What is left for the KV cache."""

    context_gb: float
    """What one full context takes of it."""

    contexts: float
    """Full contexts that one replica holds at once."""


class Sizes(Noun):
    """How a model is served on one candidate."""

    tensor: int
    """GPUs that share each layer."""

    pipeline: int
    """Groups of GPUs that hold successive layers."""

    data: int
    """Replicas behind one endpoint."""

    max_model_len: int | None
    """Context in tokens; None: the server's own choice, where nothing is stated and the model is not known."""

    max_num_seqs: int | None
    """Sequences that one replica decodes at once; None: the server's own choice."""

    gpu_memory_utilization: float
    """Share of the GPU's memory that the server takes."""

    kv_cache_dtype: str | None
    """Data type of the KV cache; None: the model's own."""

    memory: Memory | None
    """The sums; None when the model or the GPU's memory is not known, and thus whether it fits."""

    notes: tuple[str, ...] = ()
    """What was planned otherwise than stated, and what is not known; a sentence each."""


def fit(recipe: Recipe, shape: Shape | None, memory_gb: float | None, gpus: int, nodes: int) -> Sizes | Misfit:
    """Sizes for `gpus` GPUs in each of `nodes` machines, with `memory_gb` GiB each as nvidia-smi gives them.

    With no shape, or memory that is not known, nothing is a misfit: the sizes are stated or plain, `memory` is None.
    """
    if shape is None or not shape.known or memory_gb is None or gpus < 1:
        return _unknown(recipe, gpus, nodes, "the model's shape" if memory_gb else "the accelerator's memory")
    contexts = [recipe.serve.max_model_len] if recipe.serve.max_model_len else _contexts(shape)
    rooms = [_Room(recipe, shape, memory_gb, context) for context in contexts]
    wanted = stated(recipe.serve, gpus, nodes)
    why_not = [room.refusal(wanted, gpus * nodes) for room in rooms] if wanted is not None else []
    for room, why in zip(rooms, why_not, strict=False):
        if wanted is not None and why is None:
            return room.sizes(wanted, ())
    note = (
        f"serve: the parallel sizes {wanted} (tensor x pipeline x data) {why_not[-1]}: planned again" if why_not else ""
    )
    for room in rooms:
        if (found := room.planned(gpus, nodes)) is not None:
            return room.sizes(found, (note,) if note else ())
    return misfit(recipe, shape, (memory_gb, usable_gb(memory_gb, _utilization(recipe))), contexts[-1], (gpus, nodes))


class _Room(NamedTuple):
    """One context on one kind of GPU."""

    recipe: Recipe
    shape: Shape
    memory_gb: float
    context: int

    def refusal(self, wanted: Parallel, gpus: int) -> str | None:
        """Why the sizes that the recipe states cannot be used; None when they can."""
        if wanted.gpus != gpus:
            return f"take {wanted.gpus} GPUs and the accelerator has {gpus}"
        if not divides(self.shape, wanted.tensor, bool(self.recipe.serve.expert_parallel)):
            return f"cannot split {self.shape.heads} attention heads and what belongs to them"
        return "leave no room for one full context" if self.memory(wanted).contexts < 1 else None

    def planned(self, gpus: int, nodes: int) -> Parallel | None:
        """The smallest replica with room for four contexts, else the one with most room; None when none has any."""
        splits = list(planned(self.shape, gpus, nodes))
        # A replica that holds all of its weights by itself comes first; experts shared with others are the way out.
        for room in (self._replace(shape=self.shape.model_copy(update={"expert_share": 0.0})), self):
            found = {each: room.memory(each).contexts for each in splits}
            good = next((each for each, contexts in found.items() if contexts >= GOOD_CONTEXTS), None)
            best = good or max(splits, key=lambda each: found[each], default=None)
            if best is not None and found[best] >= 1:
                return best
        return None

    def memory(self, parallel: Parallel) -> Memory:
        """The sums for these sizes."""
        layout = self._layout(parallel)
        usable = usable_gb(self.memory_gb, _utilization(self.recipe))
        weights, overhead = weights_gb(self.shape, layout), overhead_gb(layout)
        one = sequence_gb(self.shape, layout, self.context)
        cache = max(0.0, usable - weights - overhead)
        return Memory(
            usable_gb=round(usable, 2),
            weights_gb=round(weights, 2),
            overhead_gb=round(overhead, 2),
            kv_cache_gb=round(cache, 2),
            context_gb=round(one, 3),
            contexts=round(cache / one, 3) if one else float(MOST_SEQUENCES),
        )

    def sizes(self, parallel: Parallel, notes: tuple[str, ...]) -> Sizes:
        """The result. Conversations grow from nothing to the whole context, so they take half of it on average."""
        serve, memory = self.recipe.serve, self.memory(parallel)
        half = sequence_gb(self.shape, self._layout(parallel), max(1, self.context // 2))
        held = int(memory.kv_cache_gb / half) if half else MOST_SEQUENCES
        return Sizes(
            tensor=parallel.tensor,
            pipeline=parallel.pipeline,
            data=parallel.data,
            max_model_len=self.context,
            max_num_seqs=serve.max_num_seqs or min(max(held, LEAST_SEQUENCES), MOST_SEQUENCES),
            gpu_memory_utilization=_utilization(self.recipe),
            kv_cache_dtype=serve.kv_cache_dtype,
            memory=memory,
            notes=(*notes, *_context_notes(serve.max_model_len, self.shape.max_context, self.context)),
        )

    def _layout(self, parallel: Parallel) -> Layout:
        serve = self.recipe.serve
        return Layout(*parallel, kv_cache_dtype=serve.kv_cache_dtype, offload_gb=serve.cpu_offload_gb or 0.0)


def _utilization(recipe: Recipe) -> float:
    return recipe.serve.gpu_memory_utilization or UTILIZATION


def _contexts(shape: Shape) -> list[int]:
    """The model's own context and its halves, the longest first."""
    longest = shape.max_context or SHORTEST
    halves = [longest >> times for times in range(longest.bit_length())]
    return [each for each in halves if each >= min(SHORTEST, longest)]


def _context_notes(stated: int | None, longest: int | None, context: int) -> tuple[str, ...]:
    if longest is not None and stated is None and context < longest:
        return (f"serve.max_model_len: {context} of the model's {longest} tokens, which is what fits",)
    if longest is not None and context > longest:
        return (f"serve.max_model_len: {context} tokens are more than the {longest} that the model was made for",)
    return ()


def _unknown(recipe: Recipe, gpus: int, nodes: int, what: str) -> Sizes:
    serve = recipe.serve
    wanted = stated(serve, gpus, nodes)
    total = gpus * nodes
    notes = [f"whether the model fits is not known: {what} is not known (model.shape states it)"] if gpus else []
    if wanted is not None and gpus and wanted.gpus != total:
        told = f"serve: the parallel sizes {wanted} (tensor x pipeline x data) take {wanted.gpus} GPUs"
        notes.append(f"{told} and the accelerator has {total}: planned again")
        wanted = None
    parallel = wanted or blind(gpus, nodes)
    return Sizes(
        tensor=parallel.tensor,
        pipeline=parallel.pipeline,
        data=parallel.data,
        max_model_len=serve.max_model_len,
        max_num_seqs=serve.max_num_seqs,
        gpu_memory_utilization=_utilization(recipe),
        kv_cache_dtype=serve.kv_cache_dtype,
        memory=None,
        notes=tuple(notes),
    )
