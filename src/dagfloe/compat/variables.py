"""Airflow's `Variable`."""

from __future__ import annotations

from dagfloe.call_errors import VariableNotFound
from dagfloe.compat.current import current_session
from dagfloe.compat.exceptions import AirflowRuntimeError, ErrorResponse, ErrorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOTSET: Any = object()


class Variable:
    """Reads, writes and deletes Airflow's variables."""

    @staticmethod
    def get(key: str, default: Any = _NOTSET, deserialize_json: bool = False, *, default_var: Any = _NOTSET) -> Any:
        """Read a variable.

        Args:
            key: its key.
            default: the value if there is no such variable.
            deserialize_json: whether to decode the value from JSON.
            default_var: `default`, by its name in `airflow.models`.

        Raises:
            AirflowRuntimeError: if there is no such variable and no default.
        """
        try:
            return current_session("Variable.get").client.variables.get(key, deserialize_json=deserialize_json)
        except VariableNotFound as error:
            for value in (default, default_var):
                if value is not _NOTSET:
                    return value
            answer = ErrorResponse(ErrorType.VARIABLE_NOT_FOUND, {"message": f"Variable {key} not found"})
            raise AirflowRuntimeError(answer) from error

    @staticmethod
    def set(key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
        """Write a variable.

        Args:
            key: its key.
            value: its value.
            description: a description.
            serialize_json: whether to encode the value as JSON.
        """
        variables = current_session("Variable.set").client.variables
        variables.set(key, value, description, serialize_json=serialize_json)

    @staticmethod
    def delete(key: str) -> None:
        """Delete a variable.

        Args:
            key: its key.
        """
        current_session("Variable.delete").client.variables.delete(key)
