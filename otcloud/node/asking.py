"""A question to an endpoint that is under way in a thread, so that the node's loop waits for nobody."""

import threading
import time

from otcloud.node.probe import ANSWER_TIMEOUT_SEC, LATER, LIST_TIMEOUT_SEC, SERVES, Endpoint, Fault, ask

_SLACK_SEC = 5.0


class Asking:
    """One question under way, with an end even for a server that sends a byte a second."""

    def __init__(
        self, endpoint: Endpoint, answer_timeout_sec: float = ANSWER_TIMEOUT_SEC, *, thorough: bool = True
    ) -> None:
        self.thorough = thorough
        self._endpoint = endpoint
        self._answer_timeout_sec = answer_timeout_sec
        self._end = time.monotonic() + LIST_TIMEOUT_SEC + answer_timeout_sec + _SLACK_SEC
        self._fault: Fault | None = Fault("silent", f"{endpoint.host} answers without an end", LATER)
        self._thread = threading.Thread(target=self._ask, daemon=True, name="ask-endpoint")
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether there is an answer, or none to be waited for."""
        return not self._thread.is_alive() or time.monotonic() > self._end

    @property
    def fault(self) -> Fault | None:
        """What is wrong, once it is over; None when the endpoint answered."""
        return self._fault

    def wait(self) -> Fault | None:
        """Wait for the answer."""
        self._thread.join(self._end - time.monotonic())
        return self._fault

    def _ask(self) -> None:
        try:
            self._fault = ask(self._endpoint, self._answer_timeout_sec, thorough=self.thorough)
        except Exception as error:  # noqa: BLE001 - whatever a server can make a parser raise is a fact about it
            told = f"{self._endpoint.host} answers with what cannot be read: {type(error).__name__}"
            self._fault = Fault("failing", told, SERVES)
