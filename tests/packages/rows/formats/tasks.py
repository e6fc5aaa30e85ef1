"""Formats of documents and data, and their validation."""

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("formats")

ORDER = {"name": "Aal", "weight": "3.5", "when": "2026-03-01T12:00:00Z", "tags": ["x", "y"]}


@dag.task
def use_pydantic() -> dict:
    from datetime import datetime

    from pydantic import BaseModel, Field, ValidationError
    from pydantic.v1 import BaseModel as OldModel

    class Order(BaseModel):
        name: str
        weight: float = Field(gt=0)
        when: datetime
        tags: list[str] = []

    class Old(OldModel):
        name: str

    Order.model_rebuild(_types_namespace={"datetime": datetime})
    try:
        Order.model_validate({**ORDER, "weight": -1, "when": "never"})
    except ValidationError as error:
        problems = [f"{problem['loc'][0]}: {problem['type']}" for problem in error.errors()]
    order = Order.model_validate(ORDER)
    return {
        "order": order.model_dump(mode="json"),
        "schema": Order.model_json_schema()["required"],
        "problems": problems,
        "old": Old(name="x").json(),
    }


@dag.task
def use_jinja2() -> list:
    from jinja2 import DictLoader, Environment

    templates = {
        "base": "<{% block body %}{% endblock %}>",
        "child": "{% extends 'base' %}{% block body %}{% for fish in fishes if fish != 'Hai' %}{{ loop.index }}{{ fish|e }}{% do seen.append(fish) %}{% endfor %}{% endblock %}",
    }
    environment = Environment(
        loader=DictLoader(templates), extensions=["jinja2.ext.do", "jinja2.ext.i18n", "jinja2.ext.loopcontrols"]
    )
    environment.install_gettext_translations(__import__("gettext").NullTranslations())
    seen = []
    text = environment.get_template("child").render(fishes=["Aal", "Hai", "Barsch & Co"], seen=seen)
    return [text, seen, environment.from_string("{% trans %}fish{% endtrans %}").render()]


@dag.task
def use_lxml() -> dict:
    from lxml import etree, html, isoschematron, objectify

    document = etree.fromstring("<shop><fish w='3'>Aal</fish><fish w='-1'>Hecht</fish></shop>")
    style = etree.XSLT(
        etree.fromstring(
            "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>"
            "<xsl:template match='/'><list><xsl:for-each select='//fish'><item><xsl:value-of select='.'/></item>"
            "</xsl:for-each></list></xsl:template></xsl:stylesheet>"
        )
    )
    rules = etree.fromstring(
        "<schema xmlns='http://purl.oclc.org/dsdl/schematron'><pattern id='weights'><rule context='fish'>"
        "<assert test='@w &gt; 0'>a fish weighs something</assert></rule></pattern></schema>"
    )
    return {
        "names": document.xpath("//fish[@w > 0]/text()"),
        "styled": str(etree.tostring(style(document).getroot()), "ascii"),
        "valid": isoschematron.Schematron(rules).validate(document),
        "link": html.fromstring("<p><a href='/x'>fish").xpath("//a/@href"),
        "object": objectify.fromstring("<a><b>3</b></a>").b + 1,
    }


@dag.task
def use_ruamel_yaml() -> str:
    import io

    from ruamel.yaml import YAML

    yaml = YAML()
    document = yaml.load("# the shop\nfish:\n- Aal  # smoked\n- Hecht\nopen: yes\n")
    document["fish"].append("Lachs")
    output = io.StringIO()
    yaml.dump(document, output)
    return output.getvalue()


@dag.task
def use_orjson() -> list:
    import dataclasses
    import uuid
    from datetime import datetime, timezone

    import orjson

    @dataclasses.dataclass
    class Fish:
        name: str
        caught: datetime

    fish = Fish("Aal", datetime(2026, 3, 1, tzinfo=timezone.utc))
    text = orjson.dumps([fish, uuid.UUID(int=5)], option=orjson.OPT_SORT_KEYS)
    return orjson.loads(text)
