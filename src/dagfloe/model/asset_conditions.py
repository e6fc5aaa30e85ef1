"""Conditions of assets, with which a Dag can be scheduled. Pure."""

from __future__ import annotations

from dagfloe.errors import RegistrationError


class BaseAsset:
    """What a Dag can be scheduled with: an asset, a reference to one, an alias, or a condition of these.

    `a & b` waits for an event of both, `a | b` for an event of one of them.
    """

    __slots__ = ()

    def __and__(self, other: BaseAsset) -> AssetAll:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAll(self, other)

    def __or__(self, other: BaseAsset) -> AssetAny:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAny(self, other)


class AssetCondition(BaseAsset):
    """A condition of several assets: the base of `AssetAll` and `AssetAny`.

    Attributes:
        objects: the assets, references, aliases and conditions that it combines.
    """

    __slots__ = ("objects",)

    def __init__(self, *objects: BaseAsset) -> None:
        if not objects:
            raise RegistrationError(f"{type(self).__name__} needs at least one asset: pass it")
        for item in objects:
            if not isinstance(item, BaseAsset):
                raise RegistrationError(
                    f"{type(self).__name__} got {item!r}: pass Assets, references to assets, aliases or conditions"
                )
        self.objects = objects

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.objects == other.objects

    def __hash__(self) -> int:
        return hash((type(self), self.objects))


class AssetAll(AssetCondition):
    """Holds after every one of its assets had an event. `a & b` makes one.

    Args:
        objects: assets, references to assets, aliases and conditions.

    Raises:
        RegistrationError: without assets, and if one of them is something else.
    """

    __slots__ = ()

    def __and__(self, other: BaseAsset) -> AssetAll:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAll(*self.objects, other)


class AssetAny(AssetCondition):
    """Holds after one of its assets had an event. `a | b` makes one; arguments and errors as for `AssetAll`."""

    __slots__ = ()

    def __or__(self, other: BaseAsset) -> AssetAny:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAny(*self.objects, other)
