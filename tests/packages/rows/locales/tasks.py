"""Babel, pycountry, phonenumbers and dateparser: tables of their own, by locale."""

import datetime as dt
import gettext

import dateparser
import phonenumbers
import pycountry
from babel.dates import format_date, get_timezone_name
from babel.numbers import format_currency
from phonenumbers import geocoder

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("babel")


@dag.task
def work() -> list:
    day = dt.date(2024, 3, 5)
    number = phonenumbers.parse("+41446681800")
    german = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["de"])
    return [
        [format_date(day, "full", locale=name) for name in ("en", "de", "ja")],
        format_currency(1234.5, "EUR", locale="de_DE"),
        get_timezone_name("Europe/Zurich", locale="fr"),
        german.gettext(pycountry.countries.get(alpha_2="CH").name),
        len(list(pycountry.subdivisions.get(country_code="CH"))),
        [phonenumbers.is_valid_number(number), geocoder.description_for_number(number, "de")],
        str(dateparser.parse("5. März 2024 um 14:30")),
        str(dateparser.parse("5 mars 2024", languages=["fr"])),
    ]
