"""The arguments of a task's call inside a `with dag:` block: which parameter gets which, and whether they fit. Pure."""

from __future__ import annotations

from dagfloe.authoring.graph import Node
from dagfloe.authoring.references import OutsideXCom, Reference, XComArg
from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagfloe.authoring.parameters import Parameter


def match_arguments(
    task: object, parameters: Sequence[Parameter], args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """The arguments of a call by parameter.

    Args:
        task: the task, or the function of a Dag, that is called, for error messages.
        parameters: of the task's function; those that the runtime injects get no argument.
        args: the arguments by position.
        kwargs: the arguments by name.

    Raises:
        RegistrationError: if the arguments do not fit the parameters.
    """
    free = {parameter.name: parameter for parameter in parameters if not (parameter.injected or parameter.star)}
    positional = [name for name, parameter in free.items() if not parameter.by_name]
    stars = {parameter.star: parameter.name for parameter in parameters if parameter.star}
    arguments = dict(zip(positional, args, strict=False))
    if len(args) > len(positional):
        if "*" not in stars:
            raise _misfit(task, f"got {len(args)} arguments by position, but takes {len(positional)}")
        arguments[stars["*"]] = args[len(positional) :]
    for name, value in kwargs.items():
        if name in arguments:
            raise _misfit(task, f"got its argument {name!r} twice")
        if name in free and free[name].by_position:
            raise _misfit(task, f"got {name!r} by name, but takes it by position")
        if name not in free and ("**" not in stars or name in {parameter.name for parameter in parameters}):
            raise _misfit(task, f"got {name!r}, but no parameter of this name takes an argument")
        arguments[name] = value
    for name, parameter in free.items():
        if name not in arguments and not (parameter.has_default or parameter.is_context_key):
            raise _misfit(task, f"needs an argument {name!r}")
    return arguments


def check_arguments(task: Node, arguments: Mapping[str, object]) -> None:
    """Refuse a task as an argument: only what it returns can be one.

    Raises:
        RegistrationError: if a task is an argument, or is inside one.
    """
    for name, value in arguments.items():
        for leaf in leaves(value):
            if isinstance(leaf, Node):
                raise RegistrationError(f"{task!r} got {leaf!r} itself as {name!r}: call it to pass its return value")


def check_mapped(task: Node, shared: Mapping[str, object], mapped: Mapping[str, object]) -> None:
    """Check what a task is to be mapped over.

    Args:
        task: the task.
        shared: the arguments that all its task instances share.
        mapped: what it is mapped over, by parameter.

    Raises:
        RegistrationError: if it cannot be mapped over them.
    """
    if not mapped:
        raise RegistrationError(f"{task!r}.expand() needs at least one argument to map over")
    for name, value in mapped.items():
        if isinstance(value, (OutsideXCom, XComArg)) and value.key != RETURN_VALUE:
            raise RegistrationError(f"{task!r} is mapped over {value!r} in {name!r}: map it over a return value")
        if not isinstance(value, (OutsideXCom, XComArg, list, tuple, dict)):
            raise RegistrationError(
                f"{task!r} is mapped over {name!r}, which is of type {type(value).__name__}: pass a list, a dict or "
                "a return value"
            )
    both = sorted(set(shared) & set(mapped))
    if both:
        raise RegistrationError(f"{task!r} gets {both[0]!r} from both partial() and expand(): pass it to one of them")


def leaves(value: object) -> Iterator[object]:
    """A value, or the items inside its lists, tuples and dicts, at any depth.

    Raises:
        RegistrationError: if a set holds a task or a Reference.
    """
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (set, frozenset)):
        for item in value:
            if isinstance(item, (Node, Reference)):
                raise RegistrationError(f"{item!r} is in a set, but its value may not be hashable: use a list")
    else:
        yield value


def xcom_args(value: object) -> Iterator[XComArg]:
    """Every XComArg in a value, those inside lists, tuples and dicts included."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, XComArg))


def outside_xcoms(value: object) -> Iterator[OutsideXCom]:
    """Every OutsideXCom in a value, those inside lists, tuples and dicts included."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, OutsideXCom))


def references(value: object) -> Iterator[Reference]:
    """Every Reference in a value, those inside lists, tuples and dicts included."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, Reference))


def _misfit(task: object, problem: str) -> RegistrationError:
    return RegistrationError(f"{task!r} {problem}: follow the signature of its function")
