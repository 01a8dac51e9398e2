"""One table: the exception that Harbor recorded -> its cause, whether the trial counts, whether another try may help.

Pure. Harbor records the name of an exception's type and nothing of its module, so names are all there is to go by. A
failure counts when the agent or the model behind it is to blame; everything else is infrastructure. The names are
those of Harbor 0.24 and of the libraries it calls: litellm, openai, httpx, aiohttp, the SDKs of Daytona and Modal.
"""

from dataclasses import dataclass

CANCELLED = "CancelledError"
AGENT_TIMEOUT = "AgentTimeoutError"


@dataclass(frozen=True, slots=True)
class Failure:
    """What an exception means.

    `cause` is the short name under which failures are counted; `counts`: the trial stands as the agent's own result;
    `retry`: Harbor tries again; `explain`: one sentence, and what helps.
    """

    cause: str
    counts: bool
    retry: bool
    explain: str


UNKNOWN = Failure(
    "unknown", False, True, "An exception that otcloud does not know; see exception.txt in the trial's folder."
)
NO_REWARD = Failure(
    "no-reward",
    False,
    False,
    "The task's tests ran and left no usable reward: they broke, needed a network, or the agent broke what they need; "
    "see verifier/test-stdout.txt in the trial's folder.",
)
SETUP = Failure(
    "agent-setup", False, True, "The agent could not be installed or started in the sandbox; see trial.log."
)
INNER_TIMEOUT = Failure(
    "inner-timeout",
    False,
    True,
    "Something inside the agent timed out long before the agent's own limit (the sandbox or the model did not answer); "
    "see exception.txt in the trial's folder.",
)
MODEL_SILENT = Failure(
    "model-silent",
    False,
    True,
    "The model gave no answer in the whole of the agent's time: its server hangs, or agent.timeout_sec is too short "
    "for one answer; a model.request_timeout_sec well below it tells the two apart.",
)

_TABLE: tuple[tuple[Failure, str], ...] = (
    (
        Failure("agent-timeout", True, False, "The agent used up its time; raise agent.timeout_sec."),
        AGENT_TIMEOUT,
    ),
    (
        Failure("agent-exit", True, False, "The agent's program ended with an error; see agent/ in its folder."),
        "NonZeroAgentExitCodeError",
    ),
    (
        Failure(
            "context-length",
            True,
            False,
            "The conversation outgrew the model's context; raise serve.max_model_len or let the agent summarise.",
        ),
        "ContextLengthExceededError ContextWindowExceededError",
    ),
    (
        Failure("output-length", True, False, "The model hit the limit of one answer; raise its max_tokens."),
        "OutputLengthExceededError OutputTokenExceededError",
    ),
    (
        Failure("refusal", True, False, "The model or its provider refused the task on safety grounds."),
        "AgentSafetyRefusalError ContentPolicyViolationError RejectedRequestError",
    ),
    (
        Failure(
            "sandbox-limit",
            True,
            False,
            "The task's sandbox went over its limit of processes or disk and was ended; if the task needs more, raise "
            "sandbox.kwargs.max_processes or sandbox.storage_mb.",
        ),
        "SandboxLimitExceeded",
    ),
    (
        Failure(
            "sandbox-disk",
            False,
            True,
            "The disk of the sandboxes was nearly full and the one that held most was ended; free space, or lower "
            "trials.concurrency or sandbox.storage_mb.",
        ),
        "SandboxDiskFull",
    ),
    (
        Failure("cancelled", False, True, "The trial was stopped from outside; the same command runs it again."),
        CANCELLED,
    ),
    (NO_REWARD, "RewardFileNotFoundError RewardFileEmptyError VerifierOutputParseError"),
    (
        Failure(
            "verifier-timeout", False, False, "The task's tests did not end in time; raise [verifier] timeout_sec."
        ),
        "VerifierTimeoutError",
    ),
    (
        Failure("verifier-files", False, True, "The tests could not be copied in, or their result out of the sandbox."),
        "AddTestsDirError DownloadVerifierDirError",
    ),
    (
        Failure("model-auth", False, False, "The model's server refused the key; check its secret."),
        "AgentAuthenticationError AuthenticationError PermissionDeniedError",
    ),
    (
        Failure("model-missing", False, False, "The server has no such model; check model.id and the served name."),
        "ModelNotFoundError ApiProviderResourceNotFoundError LiteLLMUnknownProvider ModelNotMappedError",
    ),
    (
        Failure("model-quota", False, False, "The account's usage limit or budget is spent; wait or raise it."),
        "ApiUsageLimitError BudgetExceededError PaymentRequiredError",
    ),
    (
        Failure("model-rate-limit", False, True, "The model's provider limits the rate; lower trials.concurrency."),
        "ApiRateLimitError RateLimitError",
    ),
    (
        Failure("model-request", False, False, "The model's server refuses what the agent sends; check agent.kwargs."),
        "BadRequestError UnprocessableEntityError UnsupportedParamsError InvalidRequestError",
    ),
    (
        Failure("model-server", False, True, "The model's server failed or did not answer; see logs/server.log."),
        "ApiError ApiInternalServerError ApiOverloadedError ApiConnectionClosedError ApiConnectionError "
        "ApiResponseStalledError UnknownApiError NetworkConnectionError Timeout APITimeoutError APIError "
        "APIConnectionError APIResponseValidationError InternalServerError ServiceUnavailableError BadGatewayError "
        "APIStatusError MidStreamFallbackError OpenAIError NoChoiceError",
    ),
    (
        Failure("network", False, True, "A connection of Harbor's machine failed; see exception.txt."),
        "ConnectError ConnectTimeout ReadTimeout WriteTimeout PoolTimeout ReadError WriteError RemoteProtocolError "
        "ClientConnectorError ClientConnectionError ClientOSError ServerDisconnectedError ServerTimeoutError "
        "ClientPayloadError ConnectionError ConnectionRefusedError ConnectionResetError BrokenPipeError TimeoutError "
        "RetryError SSLError",
    ),
    (
        Failure("sandbox-start", False, True, "The sandbox was not ready in time; raise its build_timeout_sec."),
        "EnvironmentStartTimeoutError HealthcheckError SandboxTimeoutError DaytonaQueueTimeoutError",
    ),
    (
        Failure("sandbox-build", False, True, "The task's image could not be built; see trial.log."),
        "SandboxBuildFailedError ImageBuildError BuildError SnapshotCreationError",
    ),
    (
        Failure(
            "sandbox-unsupported",
            False,
            False,
            "The task needs what this sandbox cannot give; choose another sandbox.type or leave the task out.",
        ),
        "SandboxUnsupported NoBash ServiceOperationsUnsupportedError NotImplementedError",
    ),
    (
        # Retried: many sandboxes at once were seen to draw refusals that a valid key did not deserve.
        Failure("sandbox-auth", False, True, "The sandbox's provider refused the key; check its secret."),
        "DaytonaAuthenticationError AuthError",
    ),
    (
        Failure("sandbox-quota", False, False, "The sandbox's provider forbids it; check the account's limits."),
        "DaytonaForbiddenError DaytonaBadRequestError DaytonaUnprocessableEntityError",
    ),
    (
        Failure("sandbox-rate-limit", False, True, "The sandbox's provider limits the rate; lower trials.concurrency."),
        "DaytonaRateLimitError ResourceExhaustedError",
    ),
    (
        Failure("sandbox-memory", False, True, "The sandbox ran out of memory; raise sandbox.memory_mb."),
        "MemoryLimitExceededError SandboxLikelyOutOfMemoryError",
    ),
    (
        Failure("sandbox", False, True, "The sandbox failed or went away; see trial.log and the provider's status."),
        "RuntimeError DaytonaError DaytonaTimeoutError DaytonaConnectionError DaytonaConnectionTimeoutError "
        "DaytonaNotFoundError DaytonaGoneError DaytonaConflictError DaytonaInternalServerError "
        "DaytonaServiceUnavailableError DaytonaBadGatewayError DaytonaSpotEvictedError "
        "DaytonaProcessExecutionTimeoutError SandboxTerminatedError SandboxFilesystemError ExecTimeoutError "
        "ExecutionError RemoteError InternalError ServiceError GKEPodNotFoundError "
        "GKEExecStreamClosedError SSHAccessError SandboxError TransferError SetupError",
    ),
    (
        Failure("not-found", False, True, "The server has no such model, or the sandbox is gone; see exception.txt."),
        "NotFoundError",
    ),
    (
        Failure("agent-setup-timeout", False, True, "Installing the agent took too long; raise its set-up time limit."),
        "AgentSetupTimeoutError",
    ),
    (
        Failure("program-missing", False, False, "Harbor lacks an optional package that this sandbox or agent needs."),
        "MissingExtraError DspyImportError ImportError ModuleNotFoundError",
    ),
)

FAILURES: dict[str, Failure] = {name: failure for failure, names in _TABLE for name in names.split()}
"""Every exception type that otcloud knows."""

_CAUSES = (*FAILURES.values(), SETUP, INNER_TIMEOUT, MODEL_SILENT, UNKNOWN)


def failure_of(exception: str) -> Failure:
    """What this exception type means; a type that is not in the table is infrastructure and may be tried again."""
    return FAILURES.get(exception, UNKNOWN)


def explain(cause: str) -> str:
    """The sentence that belongs to a cause; empty for a name that is none."""
    return next((failure.explain for failure in _CAUSES if failure.cause == cause), "")


def worth_another_try(cause: str) -> bool:
    """Whether trials that were lost for this cause may come through later without anybody mending something."""
    return next((failure.retry for failure in _CAUSES if failure.cause == cause), True)


def retryable() -> tuple[str, ...]:
    """The exception types after which another try may help, sorted. Unknown types belong to them as well."""
    return tuple(sorted(name for name, failure in FAILURES.items() if failure.retry and name != CANCELLED))


def not_retryable() -> tuple[str, ...]:
    """Harbor's `retry.exclude_exceptions`, sorted. Giving it replaces Harbor's own list, so this holds that one too."""
    return tuple(sorted(name for name, failure in FAILURES.items() if not failure.retry))
