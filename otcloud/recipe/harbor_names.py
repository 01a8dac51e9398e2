"""The names of Harbor 0.24.0 that a recipe may use, as data: the recipe is checked where Harbor is not installed.

Source: `harbor.models.environment_type.EnvironmentType` and `harbor.models.agent.name.AgentName`, in their order, and
the agents' classes; tests/contract/test_names.py and test_agents.py compare all of it with the Harbor that is pinned.
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

IN_PROCESS = ("oracle", "nop", "terminus-2", "computer-1", "dspy-rlm")
"""Harbor's agents that run in Harbor's own process; it installs all others inside the sandbox."""

TURNS_ARGUMENT = {
    **dict.fromkeys(("terminus-2", "claude-code", "goose", "grok-build", "hermes", "pi", "vibe"), "max_turns"),
    **dict.fromkeys(("openhands", "openhands-sdk"), "max_iterations"),
    **dict.fromkeys(("mcode", "trae-agent"), "max_steps"),
    **dict.fromkeys(("fx", "fx-dev"), "max_agent_steps"),
    "computer-1": "max_turns",
    "muse-code": "max_model_steps",
}
"""What an agent calls its limit of turns; the others have none."""

OPENAI_URL_AGENTS = (
    *("aider", "codex", "goose", "mini-swe-agent", "swe-agent", "opencode", "openhands", "openhands-sdk", "mimo"),
    *("mcode", "pi", "qwen-coder", "code-puppy", "trae-agent", "strands"),
)
"""Agents inside the sandbox that take any endpoint of the OpenAI protocol, by OPENAI_BASE_URL or LLM_BASE_URL."""

RESPONSES_AGENTS = ("codex",)
"""Those of them that speak the Responses protocol alone, which recorded answers do not."""

UNUSABLE_AGENTS = {
    "terminus": "is not in Harbor 0.24.0 any more: terminus-2 is",
    "terminus-1": "is not in Harbor 0.24.0 any more: terminus-2 is",
    "dspy-rlm": "needs the Python package dspy, which comes with no Harbor of otcloud's",
}
"""Agents that Harbor lists and nobody can start, and why."""

ACP_PREFIX = "acp:"
"""`acp:opencode` is an agent of the registry of the Agent Client Protocol (harbor.agents.installed.acp_registry)."""

UNUSABLE = {"skypilot": "needs an SDK that is not public"}
"""Environment types that Harbor lists and nobody outside can start, and why."""

SANDBOX_TYPES = ("local", "auto", *(name for name in ENVIRONMENTS if name not in UNUSABLE))
"""What `sandbox.type` may be: otcloud's own first."""

AGENT_NAMES = ("bash", *(name for name in AGENTS if name not in UNUSABLE_AGENTS))
"""What `agent.name` may be, beside `acp:...`: otcloud's own first."""
