"""Which parallel sizes a number of GPUs allows, in the order in which they are tried. Memory is `memory`'s affair."""

from collections.abc import Iterator
from typing import NamedTuple

from otcloud.recipe.schema.serve import Serve
from otcloud.recipe.schema.shape import Shape


class Parallel(NamedTuple):
    """Tensor, pipeline and data parallel size."""

    tensor: int
    pipeline: int
    data: int

    @property
    def gpus(self) -> int:
        """GPUs that they take."""
        return self.tensor * self.pipeline * self.data

    def __str__(self) -> str:
        return f"{self.tensor} x {self.pipeline} x {self.data}"


def stated(serve: Serve, gpus: int, nodes: int) -> Parallel | None:
    """The sizes that a recipe states, filled up; None when it states none.

    Left out, pipeline parallel is the number of machines and data parallel whatever GPUs are left; a tensor parallel
    size that is left out takes them first.
    """
    if serve.tensor_parallel is None and serve.pipeline_parallel is None and serve.data_parallel is None:
        return None
    total = max(1, gpus * nodes)
    pipeline = serve.pipeline_parallel or (1 if serve.data_parallel else nodes)
    tensor = serve.tensor_parallel or max(1, total // (pipeline * (serve.data_parallel or 1)))
    data = serve.data_parallel or max(1, total // (tensor * pipeline))
    return Parallel(tensor, pipeline, data)


def planned(shape: Shape, gpus: int, nodes: int) -> Iterator[Parallel]:
    """Sizes that use every GPU, the smallest replica first: tensor parallel inside a machine, pipeline parallel across
    machines (and inside one only where no tensor parallel size takes all its GPUs), data parallel for the rest."""
    found: set[Parallel] = set()
    tensors = list(_tensors(shape, gpus))
    for tensor in tensors:
        rest = gpus // tensor
        inside = [each for each in range(1, rest + 1) if rest % each == 0] if tensor == tensors[-1] else [1]
        for stages in (each * nodes for each in inside):
            if stages <= (shape.layers or stages):
                found.add(Parallel(tensor, stages, gpus * nodes // (tensor * stages)))
    yield from sorted(found, key=lambda each: (each.tensor * each.pipeline, each.pipeline, each.tensor))


def blind(gpus: int, nodes: int) -> Parallel:
    """Sizes for a model of which nothing is known: the largest power of two of a machine's GPUs as tensor parallel."""
    tensor = gpus & -gpus if gpus > 0 else 1
    return Parallel(tensor, nodes, max(1, gpus // tensor))


def divides(shape: Shape, tensor: int, expert_parallel: bool = False) -> bool:
    """Whether vLLM can split the attention (and, unless they stay whole, the experts) over so many GPUs."""
    if (shape.heads or tensor) % tensor or (not expert_parallel and tensor > (shape.max_tensor or tensor)):
        return False
    kv_heads = shape.kv_heads if shape.latent_size is None else None
    return kv_heads is None or kv_heads % tensor == 0 or tensor % kv_heads == 0


def _tensors(shape: Shape, gpus: int) -> Iterator[int]:
    return (tensor for tensor in range(1, gpus + 1) if gpus % tensor == 0 and divides(shape, tensor))
