"""Says what to do about a module that a frozen program lacks: code can compute names that no build sees."""

from __future__ import annotations

from dagfloe.runtime.process.host import is_frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: The parts of an exception, however its class overrides the attributes.
_CAUSE, _CONTEXT, _SUPPRESSED = (
    vars(BaseException)[name].__get__ for name in ("__cause__", "__context__", "__suppress_context__")
)
_MAX_CAUSES = 10


def iterate_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that led to it, as a traceback shows them, but at most ten.

    Args:
        error: the exception.
    """
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and len(seen) < _MAX_CAUSES and not any(following is other for other in seen):
        yield following
        seen.append(following)
        cause = _CAUSE(following)
        following = cause if cause is not None or _SUPPRESSED(following) else _CONTEXT(following)


def advise(error: BaseException) -> str:
    """What to do if an exception says that a module is missing in this frozen program; else an empty string.

    Args:
        error: the exception with which the code ended.
    """
    for cause in iterate_causes(error):
        # Not isinstance, which the author's class may mislead.
        if type(cause) is ModuleNotFoundError and type(cause.name) is str:
            return advise_on(cause.name)
    return ""


def advise_on(name: str) -> str:
    """What to do about a module that is missing in this frozen program; an empty string in other programs.

    Args:
        name: the module's name.
    """
    if not is_frozen():
        return ""
    return (
        f"The bundle file does not contain the module {name!r}. If `dagfloe run` finds it, add it to [tool.dagfloe] "
        f'in pyproject.toml, and build again: hidden-imports = ["{name}"]'
    )
