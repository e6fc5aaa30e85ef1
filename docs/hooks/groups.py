"""An extension of griffe that shows the groups of calls on `Client` as properties in the API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from griffe import Attribute, Extension

if TYPE_CHECKING:
    from griffe import Class, Object


class Groups(Extension):
    """Shows methods with the decorator `_group` as properties."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Replace the two colons before an example, which Markdown does not understand, by one."""
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("::\n\n", ":\n\n")

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Replace the methods by attributes."""
        for name, member in list(cls.members.items()):
            if member.is_function and any(str(decorator.value) == "_group" for decorator in member.decorators):
                attribute = Attribute(
                    name,
                    annotation=member.returns,
                    docstring=member.docstring,
                    lineno=member.lineno,
                    endlineno=member.endlineno,
                )
                attribute.labels.add("property")
                cls.set_member(name, attribute)
