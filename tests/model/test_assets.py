"""Assets, references to them, aliases, and the events of outlets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Asset, AssetAlias, AssetAll, AssetAny
from dagfloe.errors import RegistrationError, RemoteProtocolError
from dagfloe.model.assets import OutletEvent, read_asset, read_asset_events

if TYPE_CHECKING:
    from collections.abc import Callable

#: Without its types.
make_asset: Any = Asset
ORDERS = Asset("orders", "s3://shop/orders")


def test_name_and_uri_default_to_each_other() -> None:
    """An asset needs only one of name and URI."""
    assert Asset("orders") == Asset(uri="orders")
    assert (Asset(uri="s3://shop/orders").name, Asset("orders").uri) == ("s3://shop/orders", "orders")


@pytest.mark.parametrize(
    "create",
    [Asset, lambda: Asset(""), Asset.ref, lambda: Asset.ref(name="orders", uri="s3://shop/orders")],
)
def test_missing_and_ambiguous_names(create: Callable[[], object]) -> None:
    """The error for a missing or ambiguous name says which arguments to pass."""
    with pytest.raises(RegistrationError, match="a name or a uri: pass one of them"):
        create()


@pytest.mark.parametrize(
    ("first", "equal", "other", "shown"),
    [
        (ORDERS, Asset("orders", "s3://shop/orders", extra={"a": 1}), Asset("orders"), "Asset(name='orders', uri="),
        (Asset.ref(name="a"), Asset.ref(name="a"), Asset.ref(uri="a"), "Asset.ref(name='a')"),
        (Asset.ref(uri="a"), Asset.ref(uri="a"), Asset("a"), "Asset.ref(uri='a')"),
        (AssetAlias("a"), AssetAlias("a"), AssetAlias("b"), "AssetAlias('a')"),
    ],
)
def test_identity(first: object, equal: object, other: object, shown: str) -> None:
    """Names and URIs identify assets, references and aliases as keys of a dict."""
    assert {first: 1}[equal] == 1
    assert first != other
    assert repr(first).startswith(shown)


def test_events_of_an_outlet() -> None:
    """The event of an asset has its extra; every partition has an event of its own, once."""
    event = OutletEvent(ORDERS)
    event.extra["rows"] = 3
    key = {"name": "orders", "uri": "s3://shop/orders"}
    assert event.messages(ORDERS) == [{"dest_asset_key": key, "extra": {"rows": 3}}]
    event.add_partitions("eu")
    event.add_partitions(["us", "eu"])
    assert [message["partition_key"] for message in event.messages(ORDERS)] == ["eu", "us"]


def test_events_under_an_alias() -> None:
    """An alias emits one event per added asset."""
    event = OutletEvent(AssetAlias("tables"))
    event.add(ORDERS, {"rows": 3})
    event.add(Asset("a"))
    assert [(message["source_alias_name"], message["extra"]) for message in event.messages(None)] == [
        ("tables", {"rows": 3}),
        ("tables", {}),
    ]


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda: OutletEvent(ORDERS).add(Asset("a")), "is not an AssetAlias: set the event's `extra` instead"),
        (lambda: OutletEvent(AssetAlias("a")).add_partitions("eu"), "is an alias, which has no partitions"),
        (lambda: OutletEvent(ORDERS).add_partitions(" "), "a partition key needs 1 to 250 characters"),
        (lambda: OutletEvent(ORDERS).add_partitions(["x" * 251]), "a partition key needs 1 to 250 characters"),
    ],
)
def test_misuse_of_an_outlet_event(misuse: Callable[[], object], message: str) -> None:
    """A wrong event is an error at once, not when the task ends."""
    with pytest.raises(RegistrationError, match=message):
        misuse()


@pytest.mark.parametrize("body", [None, {}, {"name": "a"}, {"name": "a", "uri": None}])
def test_replies_without_an_asset(body: Any) -> None:
    """A reply without an asset is a protocol error with the path."""
    with pytest.raises(RemoteProtocolError, match=r"^AssetResult is not an asset with a name and a uri$"):
        read_asset(body, "AssetResult")


@pytest.mark.parametrize("bodies", [None, {}, [None]])
def test_replies_without_events(bodies: Any) -> None:
    """A reply without a list of events is a protocol error with the path."""
    with pytest.raises(RemoteProtocolError, match=r"^events is not a list of asset events$"):
        read_asset_events(bodies, "events")


def test_conditions() -> None:
    """`&` and `|` combine assets, references and aliases; chains of one operator are one condition."""
    a, b, c = Asset("a"), Asset.ref(name="b"), AssetAlias("c")
    assert (a & b & c) == AssetAll(a, b, c)
    assert (a | b | c) == AssetAny(a, b, c)
    assert (a & (b | c)) == AssetAll(a, AssetAny(b, c))
    assert ((a | b) & (a & c)) == AssetAll(AssetAny(a, b), AssetAll(a, c))
    assert ((a & b) | c) == AssetAny(AssetAll(a, b), c)
    assert AssetAll(a, b) != AssetAny(a, b)
    assert len({AssetAll(a, b), AssetAll(a, b), AssetAny(a, b)}) == 2
    assert repr(a & (b | c)) == ("AssetAll(Asset(name='a', uri='a'), AssetAny(Asset.ref(name='b'), AssetAlias('c')))")


def test_wrong_conditions() -> None:
    """A condition combines assets only."""
    wrong: Any = "b"
    for condition in (Asset("a"), Asset("a") & Asset("b"), Asset("a") | Asset("b")):
        with pytest.raises(TypeError):
            condition & wrong
        with pytest.raises(TypeError):
            condition | wrong
    with pytest.raises(RegistrationError, match="AssetAny got 'b': pass Assets"):
        AssetAny(Asset("a"), wrong)
    with pytest.raises(RegistrationError, match="AssetAll needs at least one asset"):
        AssetAll()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Asset(" "), "the name of an Asset is ' '"),
        (lambda: Asset("a", "\t"), "the uri of an Asset is"),
        (lambda: make_asset(1), "the name of an Asset is 1"),
        (lambda: Asset("a" * 1501), r"the name of an Asset, 'a{30}'..., has 1501 characters: Airflow allows 1500"),
        (lambda: Asset("a", group=" "), "the group of an Asset is ' '"),
        (lambda: make_asset("a", group=None), "the group of an Asset is None"),
        (lambda: Asset("self"), "Airflow refuses the name 'self'"),
        (lambda: Asset("a", "AIRFLOW://x"), "Airflow reserves the scheme"),
        (lambda: Asset("a", extra={"x": {1}}), r"the extra of an Asset has no JSON form: .*\$\.x"),
        (lambda: AssetAlias(""), "the name of an AssetAlias is ''"),
        (lambda: AssetAlias("a", group="\n"), "the group of an AssetAlias is"),
    ],
)
def test_assets_that_airflow_refuses(make: Callable[[], Any], message: str) -> None:
    """Names, groups and extras are checked where the author writes them."""
    with pytest.raises(RegistrationError, match=message):
        make()
    assert Asset("a", group="").group == AssetAlias("a", group="").group == ""


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("orders", "orders"),
        ("s3://shop/orders", "s3://shop/orders"),
        ("s3://shop", "s3://shop/"),
        ("S3://shop/orders//", "s3://shop/orders"),
        ("https://ann:secret@shop/x?b=2&a=1#part", "https://shop/x?a=1&b=2"),
        ("https://ann@shop/x", "https://ann@shop/x"),
        ("file:///data/", "file:///data"),
        ("mailto:ann", "mailto:ann"),
        ("x-own://a/?b#c", "x-own://a/?b#c"),
        ("X-own://a/", "X-own://a/"),
        ("//host/x/", "//host/x/"),
        ("a/b/", "a/b/"),
    ],
)
def test_uris(uri: str, normal: str) -> None:
    """An asset has the URI under which Airflow stores it, so that its events find it."""
    assert Asset("a", uri).uri == normal
    assert Asset("a", normal).uri == normal
    assert Asset(uri=uri).name == uri


def test_wrong_uris() -> None:
    """A URI that cannot be parsed is an error where the author writes it."""
    with pytest.raises(RegistrationError, match=r"the uri of an Asset, 's3://\[a', is not a URI"):
        Asset("a", "s3://[a")
