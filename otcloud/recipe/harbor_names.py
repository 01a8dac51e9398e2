"""The names of Harbor 0.24.0 that a recipe may use, as data: the recipe is checked where Harbor is not installed.

Source: `harbor.models.environment_type.EnvironmentType` and `harbor.models.agent.name.AgentName`, in their order;
tests/contract/test_names.py compares both lists with the Harbor that is pinned.
"""

ENVIRONMENTS = (
    *("docker", "podman", "daytona", "e2b", "modal", "runloop", "langsmith", "ec2", "gke", "ack", "openshift"),
    *("novita", "apple-container", "singularity", "islo", "tensorlake", "cwsandbox", "use-computer", "cua-cloud"),
    *("blaxel", "opensandbox", "beam", "skypilot", "hf-sandbox", "hyperbrowser", "vercel", "runta", "prime", "kata"),
    *("mosaic", "smol"),
)
"""Harbor's environment types."""

AGENTS = (
    *("oracle", "nop", "acp", "claude-code", "cline-cli", "cortex-code", "terminus", "terminus-1", "terminus-2"),
    *("aider", "codex", "cursor-cli", "gemini-cli", "antigravity-cli", "rovodev-cli", "goose", "grok-build", "hermes"),
    *("junie", "mini-swe-agent", "nemo-agent", "swe-agent", "opencode", "openclaw", "openhands", "openhands-sdk"),
    *("antigravity-sdk", "kimi-code", "kimi-cli", "langgraph", "deerflow", "mimo", "mcode", "pi", "qwen-coder"),
    *("copilot-cli", "code-puppy", "devin", "trae-agent", "computer-1", "eve", "fx", "fx-dev", "dspy-rlm", "vibe"),
    *("muse-code", "strands"),
)
"""Harbor's agents."""

ACP_PREFIX = "acp:"
"""`acp:opencode` is an agent of the registry of the Agent Client Protocol (harbor.agents.installed.acp_registry)."""

UNUSABLE = {"skypilot": "needs an SDK that is not public"}
"""Environment types that Harbor lists and nobody outside can start, and why."""

SANDBOX_TYPES = ("local", "auto", *(name for name in ENVIRONMENTS if name not in UNUSABLE))
"""What `sandbox.type` may be: otcloud's own first."""

AGENT_NAMES = ("bash", *AGENTS)
"""What `agent.name` may be, beside `acp:...`: otcloud's own first."""
