"""What the API's reference reads otherwise than it is written: groups of calls are properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from griffe import Attribute, Extension

if TYPE_CHECKING:
    from griffe import Class, Object


class Groups(Extension):
    """Shows the methods of `Client` that its own decorator turns into properties as such."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Two colons before an example are no Markdown."""
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("::\n\n", ":\n\n")

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Replace them by attributes."""
        for name, member in list(cls.members.items()):
            if member.is_function and any(str(each.value) == "_group" for each in member.decorators):
                attribute = Attribute(
                    name,
                    annotation=member.returns,
                    docstring=member.docstring,
                    lineno=member.lineno,
                    endlineno=member.endlineno,
                )
                attribute.labels.add("property")
                cls.set_member(name, attribute)
