"""The decision of an author's retry policy. Pure."""

from __future__ import annotations

from dagfloe.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta


class RetryDecision(Record):
    """Whether to retry a failed task. Create one with `retry`, `fail` or `default`.

    Attributes:
        action: `retry`, `fail` or `default`.
        delay: the time until the next try, as a timedelta or in seconds; None for the task's own `retry_delay`.
        reason: shown in the log and in Airflow.
    """

    action: str = "default"
    delay: timedelta | float | None = None
    reason: str | None = None

    @classmethod
    def retry(cls, delay: timedelta | float | None = None, reason: str | None = None) -> RetryDecision:
        """Retry the task if tries are left.

        Args:
            delay: the time until the next try, as a timedelta or in seconds.
            reason: the reason; Airflow gets at most 500 characters of it.
        """
        return cls(action="retry", delay=delay, reason=reason)

    @classmethod
    def fail(cls, reason: str | None = None) -> RetryDecision:
        """Fail the task at once, even if tries are left."""
        return cls(action="fail", reason=reason)

    @classmethod
    def default(cls) -> RetryDecision:
        """Follow Airflow's own rule, as without a policy."""
        return cls()
