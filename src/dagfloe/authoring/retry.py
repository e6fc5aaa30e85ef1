"""What an author's retry policy answers. Pure."""

from __future__ import annotations

from dagfloe.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta


class RetryDecision(Record):
    """Whether a task that failed is tried again; made by `retry`, `fail` and `default`.

    Attributes:
        action: `retry`, `fail` or `default`.
        delay: until the next try, as a timedelta or in seconds; what Airflow's task says when it is None.
        reason: for the log, and for Airflow.
    """

    action: str = "default"
    delay: timedelta | float | None = None
    reason: str | None = None

    @classmethod
    def retry(cls, delay: timedelta | float | None = None, reason: str | None = None) -> RetryDecision:
        """Try again if tries are left.

        Args:
            delay: until the next try, as a timedelta or in seconds.
            reason: at most 500 characters of it reach Airflow.
        """
        return cls(action="retry", delay=delay, reason=reason)

    @classmethod
    def fail(cls, reason: str | None = None) -> RetryDecision:
        """Fail at once, whatever tries are left."""
        return cls(action="fail", reason=reason)

    @classmethod
    def default(cls) -> RetryDecision:
        """As if there were no policy."""
        return cls()
