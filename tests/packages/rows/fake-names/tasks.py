"""Faker: providers of several locales, found by name."""

from faker import Faker

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("faker")


@dag.task
def work() -> list:
    answers = []
    for locale in ("en_US", "de_DE", "ja_JP"):
        fake = Faker(locale)
        fake.seed_instance(1)
        answers.append([fake.name(), fake.city(), fake.job()])
    return answers
