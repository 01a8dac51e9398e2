"""The providers of models that a recipe may name without a URL, as data: litellm knows where they are.

Source: `litellm.validate_environment` of the litellm in Harbor's venv; tests/contract/test_litellm.py compares.
"""

from collections.abc import Mapping

PROVIDER_SECRETS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure": ("AZURE_API_KEY", "AZURE_API_BASE", "AZURE_API_VERSION"),
    "bedrock": ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_REGION_NAME"),
    "cerebras": ("CEREBRAS_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "dashscope": ("DASHSCOPE_API_KEY",),
    "deepinfra": ("DEEPINFRA_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_AI_API_KEY",),
    "gemini": ("GEMINI_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "moonshot": ("MOONSHOT_API_KEY",),
    "nebius": ("NEBIUS_API_KEY",),
    "novita": ("NOVITA_API_KEY",),
    "nvidia_nim": ("NVIDIA_NIM_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PERPLEXITYAI_API_KEY",),
    "replicate": ("REPLICATE_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""Prefix of a model's id -> the variables that litellm reads for it, the key first."""

_BARE = {"openai": ("gpt-", "chatgpt-", "o1", "o3", "o4"), "anthropic": ("claude-",)}


def provider_of(model_id: str) -> str | None:
    """The provider in `anthropic/...`, or of a bare name that says it (`gpt-...`, `claude-...`); None when unknown."""
    prefix, slash, _ = model_id.partition("/")
    if slash:
        return prefix if prefix in PROVIDER_SECRETS else None
    return next((provider for provider, starts in _BARE.items() if model_id.startswith(starts)), None)
