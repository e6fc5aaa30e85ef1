"""marshmallow: loading, and the errors of wrong data."""

from marshmallow import Schema, ValidationError, fields, validate

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("marshmallow")


class Order(Schema):
    id = fields.Int(required=True, validate=validate.Range(min=1))
    mail = fields.Email()
    at = fields.DateTime()
    lines = fields.List(fields.Nested("Line"))


class Line(Schema):
    name = fields.Str(required=True)
    price = fields.Decimal(as_string=True)


@dag.task
def work() -> list:
    loaded = Order().load(
        {"id": 1, "mail": "a@b.org", "at": "2024-01-01T00:00:00", "lines": [{"name": "n", "price": "1.5"}]}
    )
    try:
        Order().load({"id": 0, "mail": "nobody"})
    except ValidationError as error:
        messages = error.messages
    return [Order().dump(loaded), messages]
