"""Params of a Dag with a type, a schema or a description. Pure."""

from __future__ import annotations

from dagfloe.errors import DagfloeError, RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class _NoDefault:
    """The default of a param that has none."""

    def __repr__(self) -> str:
        return "<no default>"


_NO_DEFAULT = _NoDefault()


class Param:
    """A param of a Dag, with the values that it accepts. Airflow shows it in the form that triggers a run.

    Args:
        default: the default; without one, whoever triggers a run has to give a value.
        description: shown in the form.
        schema: the JSON Schema of the values, as keyword arguments: `type="integer"`, `minimum=1`,
            `enum=["a", "b"]`, `title="Limit"`. Or the whole of it as `schema={...}`.

    Raises:
        RegistrationError: if the default, or the schema, has no JSON form.
    """

    __slots__ = ("description", "schema", "value")

    def __init__(self, default: object = _NO_DEFAULT, description: str | None = None, **schema: object) -> None:
        whole = schema.pop("schema") if "schema" in schema else schema
        if not isinstance(whole, dict):
            raise RegistrationError(f"the schema of a Param is {whole!r}, expected a dict")
        if description is not None and not isinstance(description, str):
            raise RegistrationError(f"the description of a Param is {description!r}, expected a str")
        from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415 - few Dags have params

        for what, value in (("default", default), ("schema", whole)):
            try:
                if value is not _NO_DEFAULT:
                    check_jsonable(value)
            except DagfloeError as error:
                raise RegistrationError(f"the {what} of a Param has no JSON form: {error}") from error
        self.value = default
        self.description = description
        self.schema: dict[str, object] = dict(whole)

    def __repr__(self) -> str:
        return f"Param({self.value!r}, description={self.description!r}, schema={self.schema!r})"

    @property
    def has_default(self) -> bool:
        """Whether it has a default."""
        return self.value is not _NO_DEFAULT


def split_params(params: Mapping[str, object]) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """The defaults of params, and the schemas and descriptions of those that are declared with `Param`.

    Args:
        params: values and `Param` objects, by name.
    """
    defaults: dict[str, object] = {}
    schemas: dict[str, dict[str, object]] = {}
    for name, param in params.items():
        if not isinstance(param, Param):
            defaults[name] = param
            continue
        if param.has_default:
            defaults[name] = param.value
        schemas[name] = {"schema": param.schema}
        if param.description is not None:
            schemas[name]["description"] = param.description
    return defaults, schemas
