"""What declares Dags in Airflow, for modules that still import it. In a bundle, it declares nothing.

A decorator leaves the function as it was written. Everything that would declare a Dag or a task says what to write.
"""

from __future__ import annotations

from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_ADVICE = (
    "declare Dags with dagfloe's Bundle, and keep the module that has Airflow's Dag out of the project, or let "
    "`dagfloe adopt` take the functions out of it"
)


class TaskDecorator:
    """Airflow's `@task` and its variants, with any options. The function is not changed, and a call of it runs it.

    Args:
        name: its name, for `repr`.
    """

    def __init__(self, name: str = "task") -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<decorator {self._name} of Airflow>"

    def __call__(self, function: Callable[..., Any] | None = None, **_options: object) -> Any:
        """Return the function, or a decorator that does.

        Args:
            function: the function; None for a decorator with options.
        """
        return (lambda function: function) if function is None else function

    def __getattr__(self, name: str) -> TaskDecorator:
        if name.startswith("__"):
            raise AttributeError(name)
        return TaskDecorator(f"{self._name}.{name}")


task = TaskDecorator()
setup = TaskDecorator("setup")
teardown = TaskDecorator("teardown")


class _Refused:
    """Base of what declares something in Airflow. A module may subclass it, or name it in annotations."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        raise RegistrationError(f"{type(self).__name__} of Airflow was called in a bundle: {_ADVICE}")


class DAG(_Refused):
    """Airflow's `DAG`."""


class TaskGroup(_Refused):
    """Airflow's `TaskGroup`."""


class BaseOperator(_Refused):
    """Base of Airflow's operators."""


class BaseSensorOperator(BaseOperator):
    """Base of Airflow's sensors."""


class PythonOperator(BaseOperator):
    """Airflow's `PythonOperator`."""


class BranchPythonOperator(PythonOperator):
    """Airflow's `BranchPythonOperator`."""


class ShortCircuitOperator(PythonOperator):
    """Airflow's `ShortCircuitOperator`."""


class PythonVirtualenvOperator(PythonOperator):
    """Airflow's `PythonVirtualenvOperator`."""


class BranchPythonVirtualenvOperator(PythonVirtualenvOperator):
    """Airflow's `BranchPythonVirtualenvOperator`."""


class ExternalPythonOperator(PythonOperator):
    """Airflow's `ExternalPythonOperator`."""


class BranchExternalPythonOperator(ExternalPythonOperator):
    """Airflow's `BranchExternalPythonOperator`."""


class EmptyOperator(BaseOperator):
    """Airflow's `EmptyOperator`."""


def dag(*_args: object, **_options: object) -> Any:
    """Airflow's `@dag`: the function can be imported, and a call of it is refused."""
    return _refuse_calls(_args, "dag")


def task_group(*_args: object, **_options: object) -> Any:
    """Airflow's `@task_group`: the function can be imported, and a call of it is refused."""
    return _refuse_calls(_args, "task_group")


def _refuse_calls(args: tuple[object, ...], kind: str) -> Any:
    def decorate(function: Callable[..., Any]) -> Callable[..., NoReturn]:
        def refuse(*_args: object, **_kwargs: object) -> NoReturn:
            name = getattr(function, "__name__", repr(function))
            raise RegistrationError(f"{name}, a function with @{kind} of Airflow, was called in a bundle: {_ADVICE}")

        return refuse

    return decorate(args[0]) if args and callable(args[0]) else decorate


def refuse_order(*_tasks: object) -> NoReturn:
    """`chain`, `chain_linear` and `cross_downstream` of Airflow.

    Raises:
        RegistrationError: always.
    """
    raise RegistrationError(f"chain of Airflow was called in a bundle: {_ADVICE}")
