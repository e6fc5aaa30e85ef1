"""jsonschema: a draft with its vocabulary files, formats, and a registry of references."""

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("jsonschema")


@dag.task
def work() -> list:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"$ref": "urn:id"},
            "at": {"type": "string", "format": "date-time"},
            "color": {"format": "color"},
        },
    }
    registry = Registry().with_resource(
        "urn:id",
        Resource.from_contents(
            {"type": "integer"},
            DRAFT202012,
        ),
    )
    validator = jsonschema.Draft202012Validator(schema, registry=registry, format_checker=jsonschema.FormatChecker())
    errors = sorted(error.message for error in validator.iter_errors({"id": "x", "at": "yesterday", "color": "puce"}))
    drafts = [
        jsonschema.validators.validator_for({"$schema": f"http://json-schema.org/draft-0{n}/schema#"}).__name__
        for n in (4, 6, 7)
    ]
    jsonschema.Draft7Validator.check_schema({"type": "string"})
    return [errors, drafts, sorted(jsonschema.FormatChecker.checkers)]
