"""Airflow's `Variable`."""

from __future__ import annotations

from dagfloe.call_errors import VariableNotFound
from dagfloe.compat.current import current_session
from dagfloe.compat.exceptions import AirflowRuntimeError, ErrorResponse, ErrorType
from dagfloe.masking import is_sensitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Stands for an argument that a call does not pass, because None is a value.
NOTSET: Any = object()


class Variable:
    """A variable of Airflow. Author code uses the class methods, and seldom an instance.

    Args:
        key: its key.
        value: its value.
        description: its description.
    """

    def __init__(self, key: str, value: Any = None, description: str | None = None) -> None:
        self.key = key
        self.value = value
        self.description = description

    @classmethod
    def get(cls, key: str, default: Any = NOTSET, deserialize_json: bool = False) -> Any:
        """Read a variable.

        Args:
            key: its key.
            default: the value if the variable does not exist.
            deserialize_json: whether to decode the value from JSON.

        Raises:
            AirflowRuntimeError: if the variable does not exist and no default.
        """
        try:
            return current_session("Variable.get").client.variables.get(key, deserialize_json=deserialize_json)
        except VariableNotFound as error:
            if default is not NOTSET:
                return default
            answer = ErrorResponse(ErrorType.VARIABLE_NOT_FOUND, {"message": f"Variable {key} not found"})
            raise AirflowRuntimeError(answer) from error

    @classmethod
    def set(cls, key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
        """Write a variable.

        Args:
            key: its key.
            value: its value: a str, unless `serialize_json` is set.
            description: a description.
            serialize_json: whether to encode the value as JSON.
        """
        client = current_session("Variable.set").client
        if serialize_json:
            if is_sensitive(key):
                client.mask_secret(value, key)
            import json  # noqa: PLC0415 - only for JSON values

            value = json.dumps(value, indent=2)  # as Airflow writes it
        client.variables.set(key, value, description)

    @classmethod
    def delete(cls, key: str) -> None:
        """Delete a variable.

        Args:
            key: its key.
        """
        current_session("Variable.delete").client.variables.delete(key)

    @classmethod
    def keys(cls, prefix: str | None = None) -> list[str]:
        """The keys of all variables.

        Args:
            prefix: only keys with this prefix.
        """
        return list(current_session("Variable.keys").client.variables.keys(prefix))


class ModelVariable(Variable):
    """`Variable` as `airflow.models` has it: the default is `default_var`, and a missing variable is a KeyError."""

    @classmethod
    def get(  # type: ignore[override]
        cls, key: str, default_var: Any = NOTSET, deserialize_json: bool = False, *, default: Any = NOTSET
    ) -> Any:
        """Read a variable: see `Variable.get`.

        Args:
            key: its key.
            default_var: the value if the variable does not exist.
            deserialize_json: whether to decode the value from JSON.
            default: the same as `default_var`.

        Raises:
            KeyError: if the variable does not exist and no default.
        """
        value = default if default_var is NOTSET else default_var
        try:
            return super().get(key, value, deserialize_json)
        except AirflowRuntimeError as error:
            raise KeyError(f"Variable {key} does not exist") from error

    @classmethod
    def set(cls, key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
        """Write a variable: see `Variable.set`.

        Args:
            key: its key.
            value: its value; without `serialize_json`, its `str` is written.
            description: a description.
            serialize_json: whether to encode the value as JSON.
        """
        super().set(key, value if serialize_json else str(value), description, serialize_json)

    @classmethod
    def setdefault(cls, key: str, default: Any, description: str | None = None, deserialize_json: bool = False) -> Any:
        """Read a variable, or write it first if it does not exist.

        Args:
            key: its key.
            default: the value to write.
            description: a description.
            deserialize_json: whether the value is JSON.

        Raises:
            ValueError: if the variable does not exist, and the default is None.
        """
        value = cls.get(key, None, deserialize_json)
        if value is not None:
            return value
        if default is None:
            raise ValueError("Default Value must be set")
        cls.set(key, default, description, serialize_json=deserialize_json)
        return default
