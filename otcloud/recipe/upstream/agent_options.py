"""What the agents of the published files take as `kwargs` in Harbor 0.24.0, as data: Harbor refuses every other name.

Source: `options_model` of each agent's class; tests/contract/test_upstream_names.py compares.
"""

from collections.abc import Mapping

_INSTALLED = ("version", "prompt_template_path", "config")

AGENT_OPTIONS: Mapping[str, frozenset[str]] = {
    "terminus-2": frozenset(
        (
            *("parser_name", "api_base", "temperature", "reasoning_effort", "collect_rollout_details", "session_id"),
            *("enable_summarize", "proactive_summarization_threshold", "max_thinking_tokens", "model_info"),
            *("trajectory_config", "tmux_pane_width", "tmux_pane_height", "store_all_messages", "max_turns"),
            *("record_terminal_session", "interleaved_thinking", "suppress_max_turns_warning", "use_responses_api"),
            *("llm_backend", "llm_kwargs", "llm_call_kwargs", "session_id_headers"),
        )
    ),
    "openhands": frozenset(
        (
            *_INSTALLED,
            *("disable_tool_calls", "reasoning_effort", "temperature", "max_iterations", "caching_prompt", "top_p"),
            *("num_retries", "max_budget_per_task", "drop_params", "disable_vision", "trajectory_config", "api_base"),
            *("model_info", "python_version", "git_version"),
        )
    ),
    "mini-swe-agent": frozenset(
        (
            *_INSTALLED,
            *("cost_limit", "reasoning_effort", "max_tokens", "config_file", "litellm_model_registry_file"),
            *("litellm_model_registry", "session_id_headers"),
        )
    ),
    "swe-agent": frozenset(
        (
            *_INSTALLED,
            *("per_instance_cost_limit", "total_cost_limit", "max_input_tokens", "temperature", "top_p"),
            *("completion_kwargs", "reasoning_effort"),
        )
    ),
}
"""Agent -> the names that it takes; an agent that is not here is not checked."""
