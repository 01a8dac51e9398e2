"""`model.shape`: what the memory of a served model is counted from. Where the figures come from is not its affair."""

from typing import Annotated, Literal

from pydantic import Field

from otcloud.recipe.schema.noun import Fraction, Noun, Positive

Count = Annotated[int, Field(ge=0)]


class Shape(Noun):
    """The sizes of a model, as its config.json and its files have them; taken from there when they are at hand."""

    weights_gb: Annotated[float, Field(gt=0)] | None = None
    """Size of the weights as they are loaded, in GB (10^9 bytes)."""

    expert_share: Fraction = 0.0
    """Share of the weights that is in routed experts; data parallel replicas of one server divide these too."""

    layers: Positive | None = None
    """Layers, which pipeline parallel divides."""

    heads: Positive | None = None
    """Attention heads; tensor parallel must divide them."""

    kv_layers: Count | None = None
    """Layers that keep a KV cache; all of them when absent."""

    kv_heads: Positive | None = None
    """Key-value heads."""

    head_size: Positive | None = None
    """Values in one head."""

    latent_size: Positive | None = None
    """Multi-head latent attention: values that one token takes in one layer, in place of heads."""

    sliding_layers: Count = 0
    """Those of the KV layers that look no further back than `window`."""

    window: Positive | None = None
    """Tokens that a sliding layer looks back."""

    state_mb: Annotated[float, Field(ge=0)] = 0.0
    """Mamba and linear attention: what one sequence takes whatever its length, in MB, all layers together."""

    max_context: Positive | None = None
    """Longest context that the model was made for, in tokens."""

    max_tensor: Positive | None = None
    """Largest tensor parallel size that the checkpoint's quantization allows; any that divides when absent."""

    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Data type of activations, and of the KV cache unless `serve.kv_cache_dtype` says otherwise."""

    @property
    def known(self) -> bool:
        """Whether the memory can be counted."""
        cache = self.latent_size or (self.kv_heads and self.head_size)
        return bool(self.weights_gb and self.layers and self.heads and cache)
