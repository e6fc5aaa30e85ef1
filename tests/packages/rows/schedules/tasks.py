"""cron-descriptor, croniter, pendulum and holidays: texts in other languages, and time zones."""

from datetime import datetime, timezone

import holidays
import pendulum
from cron_descriptor import ExpressionDescriptor, Options
from croniter import croniter

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("schedules")


@dag.task
def work() -> list:
    texts = []
    for locale in ("en_US", "de_DE", "fr_FR"):
        options = Options()
        options.locale_code = locale
        texts.append(ExpressionDescriptor("30 6 * * 1-5", options).get_description())
    following = croniter("30 6 * * 1-5", datetime(2024, 1, 5, 7, tzinfo=timezone.utc)).get_next(datetime)
    start = pendulum.datetime(2024, 3, 31, 1, 30, tz="Europe/Zurich")
    return [
        texts,
        following.isoformat(),
        start.add(hours=1).isoformat(),
        start.format("dddd D MMMM", locale="de"),
        start.diff_for_humans(start.add(days=2), locale="fr"),
        holidays.country_holidays("DE", years=2024, language="de")[datetime(2024, 10, 3)],
        holidays.financial_holidays("NYSE", years=2024).get("2024-12-25"),
    ]
