"""Languages, time zones and calendars, most of which are data or modules that are loaded by name."""

from __future__ import annotations

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("calendars")


@dag.task
def use_tzdata() -> list:
    import zoneinfo
    from datetime import datetime

    zoneinfo.reset_tzpath(to=[])
    moment = datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    return [
        moment.isoformat(),
        moment.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo")).isoformat(),
        len(zoneinfo.available_timezones()) > 500,
    ]


@dag.task
def use_holidays() -> dict:
    import holidays

    days = {
        language: holidays.country_holidays("DE", subdiv="BY", years=2026, language=language)
        for language in ("de", "en_US", "uk")
    }
    return {
        **{language: sorted(names.values())[:4] for language, names in days.items()},
        "exchange": sorted(holidays.financial_holidays("NYSE", years=2026).values())[:3],
        "countries": len(holidays.list_supported_countries()) > 100,
    }


@dag.task
def use_babel() -> list:
    from datetime import date

    from babel import Locale
    from babel.dates import format_date
    from babel.lists import format_list
    from babel.numbers import format_currency

    day = date(2026, 3, 1)
    languages = ("de", "fr", "ja", "ar")
    return [
        *(format_date(day, format="full", locale=language) for language in languages),
        *(format_currency(1234.5, "EUR", locale=language) for language in languages),
        format_list(["Aal", "Lachs", "Hecht"], locale="de"),
        Locale("de").languages["ja"],
    ]


@dag.task
def use_phonenumbers() -> list:
    import phonenumbers
    from phonenumbers import carrier, geocoder, timezone

    fixed, mobile = phonenumbers.parse("+49 89 123456"), phonenumbers.parse("+49 171 1234567")
    return [
        phonenumbers.format_number(fixed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        geocoder.description_for_number(fixed, "de"),
        carrier.name_for_number(mobile, "de"),
        list(timezone.time_zones_for_number(fixed)),
    ]


@dag.task
def use_pendulum() -> list:
    import pendulum

    moment = pendulum.parse("2026-03-01T12:00:00", tz="Europe/Berlin")
    earlier = moment.subtract(months=2, days=3)
    return [
        moment.in_timezone("America/New_York").to_iso8601_string(),
        earlier.diff_for_humans(moment, locale="fr"),
        moment.format("dddd, D. MMMM", locale="de"),
    ]


@dag.task
def use_faker() -> dict:
    from faker import Faker

    Faker.seed(7)
    return {
        language: [Faker(language).name(), Faker(language).city()] for language in ("de_DE", "ja_JP", "pl_PL", "en_US")
    }
