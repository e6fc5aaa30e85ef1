"""Encodes instances of classes with fields, members of enums, bytes, and values of numpy and pandas.

Airflow's own form of an instance names its class, which Airflow imports only if a setting allows it, and which it does
not have if the class is in a bundle. So an instance becomes the dict of its fields. Knows classes by their names and
attributes, and imports no library that the value's author has not imported. `serde` walks through lists and dicts.
"""

from __future__ import annotations

from dagfloe.values.jsonable import advice_for, type_name
from dagfloe.values.serde_forms import BadElementError, form_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: The classes of numpy's scalars that are numbers, and the names that booleans had.
_NUMBERS = ("numpy.bool", "numpy.bool_", "numpy.integer", "numpy.floating")
FRAMES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")
SCALARS = frozenset(
    f"numpy.{name}"
    for name in (
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "bool_"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
)


def simplify(value: Any) -> Any:
    """Replace a value by one that `serde` can encode.

    Args:
        value: a value that is neither of JSON nor of a class that `serde_forms` has.

    Returns:
        A value that `serde` encodes, such as the dict of the fields of an instance, which are not encoded yet.

    Raises:
        BadElementError: if no rule is for the value.
    """
    kind = type(value)
    if kind is bytes:
        import base64  # noqa: PLC0415 - few tasks return bytes

        return base64.b64encode(value).decode()
    if kind.__module__ == "numpy":
        if any(f"{base.__module__}.{base.__name__}" in _NUMBERS for base in kind.__mro__):
            return _to_number(value)
    elif hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_dump"):
        return _dump_model(value)
    elif hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields  # noqa: PLC0415 - the author has imported it

        return {field.name: getattr(value, field.name) for field in fields(kind)}
    elif hasattr(kind, "__attrs_attrs__"):
        return {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__ if field.init}
    elif _is_enum(kind):
        return value.value
    elif getattr(kind, "is_lazy_sequence", False) is True:
        return list(value)
    raise BadElementError(f"of type {type_name(value)}", advice_for(value))


def _is_enum(kind: type) -> bool:
    import sys  # noqa: PLC0415 - few tasks return an enum

    enum = sys.modules.get("enum")
    return enum is not None and issubclass(kind, enum.Enum)


def _to_number(value: Any) -> Any:
    number = value.item()
    if type(number) not in (bool, int, float):  # a longdouble has more digits than a float
        raise BadElementError(f"of type {type_name(value)}", "use float(...)")
    return number


def _dump_model(value: Any) -> Any:
    try:
        return value.model_dump(mode="json")
    except Exception as error:  # noqa: BLE001 - serializers are the author's code; the message may show the value
        reason = type(error).__name__
    problem = f"of type {type_name(value)}, whose model_dump(mode='json') raises {reason}"
    raise BadElementError(problem, "return plain data")


def encode_frame(frame: Any) -> dict[str, object]:
    """Encode a DataFrame as Parquet in hexadecimal digits, which is Airflow's form.

    Raises:
        BadElementError: if Parquet cannot hold it, or the bundle does not contain pyarrow.
    """
    cure = "use .to_dict('records')"
    try:
        from importlib import import_module  # noqa: PLC0415 - not an import that the build would follow

        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        problem = f"of type {type_name(frame)}, which needs pyarrow"
        raise BadElementError(problem, f"add pyarrow to the dependencies, or {cure}") from None
    buffer = arrow.BufferOutputStream()
    try:
        parquet.write_table(arrow.Table.from_pandas(frame), buffer, compression="snappy")
    except Exception as error:  # noqa: BLE001 - pyarrow has many, and the message may show the value
        reason = type(error).__name__
    else:
        # Every version of pandas has the class under this name, and every Airflow reads it.
        return form_of(FRAMES[0], 1, buffer.getvalue().hex().decode())
    raise BadElementError(f"of type {type_name(frame)} with columns that Parquet does not hold ({reason})", cure)


def restore(name: str, data: Any) -> object:
    """Create a value of numpy or pandas from Airflow's form.

    Args:
        name: a name of `SCALARS` or `FRAMES`.
        data: the data of the form.

    Raises:
        ImportError: if a DataFrame needs a library that the bundle does not have.
        Exception: any, if the data are malformed.
    """
    from importlib import import_module  # noqa: PLC0415 - few tasks get such values

    if name in FRAMES:
        import_module("pandas")
        from io import BytesIO  # noqa: PLC0415

        return import_module("pyarrow.parquet").read_table(BytesIO(bytes.fromhex(data))).to_pandas()
    if type(data) not in (bool, int, float):
        raise TypeError
    try:
        numpy = import_module("numpy")
    except ImportError:
        return data
    return getattr(numpy, name.partition(".")[2])(data)
