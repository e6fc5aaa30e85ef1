"""Arguments with templates, which a bundle and an ordinary Dag file of Airflow share."""

from __future__ import annotations

from airflow.sdk import literal

#: Arguments by name; each is rendered.
RENDERED = {
    "plain": "no template",
    "empty": "",
    "end_of_line": "a\r\nb\rc\n",
    "two_ends_of_line": "a\n\n",
    "lone_brace": "{ not one } }} {",
    "number": 5,
    "nothing": None,
    "date": "{{ ds }}/{{ ds_nodash }}",
    "time": "{{ ts }} {{ ts_nodash }} {{ ts_nodash_with_tz }}",
    "logical_date": "{{ logical_date }} {{ logical_date.year }} {{ logical_date.strftime('%d') }}",
    "interval": "{{ data_interval_start }} {{ data_interval_end | ds }}",
    "filters": [
        f"{{{{ logical_date | {name} }}}}" for name in ("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")
    ],
    "run": "{{ run_id }} {{ dag_run.run_id }} {{ dag_run.conf['limit'] }} {{ dag_run.run_type }}",
    "params": "{{ params.limit }} {{ params['table'] }} {{ params }}",
    "ids": "{{ dag.dag_id }} {{ task.task_id }} {{ ti.task_id }} {{ ti.try_number }} {{ task_instance_key_str }}",
    "list": ["{{ ds }}", ["{{ run_id }}", 1, None]],
    "tuple": ("{{ ds }}", "b"),
    "dict": {"{{ ds }}": "{{ ds }}", "deep": {"list": ["{{ params.limit }}"]}},
    "macros": "{{ macros.ds_add(ds, -1) }} {{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%Y') }}",
    "more_macros": "{{ macros.timedelta(days=1) }} {{ macros.datetime(2026, 1, 2) }} {{ macros.json.dumps({'a': 1}) }}",
    "variable": "{{ var.value.table }} {{ var.value.get('none', 'x') }} {{ var.json.settings.limit }}",
    "connection": "{{ conn.db.host }}:{{ conn.db.port }} {{ conn.get('db').login }}",
    "statement": "{% for n in range(3) %}{{ n }},{% endfor %}",
    "condition": "{% if params.limit > 3 %}many{% else %}few{% endif %}",
    "do": "{% set rows = [] %}{% do rows.append(1) %}{{ rows }}",
    "comment": "a{# not shown #}b",
    "raw": "{% raw %}{{ ds }}{% endraw %}",
    "jinja_filters": "{{ ' x ' | trim | upper }} {{ [3, 1] | sort | join('-') }} {{ {'a': 1} | tojson }}",
    "escaped": "{{ '<&>' }}",
    "expression": "{{ 1 + 2 }} {{ none }} {{ true }} {{ 'a' ~ 1 }}",
    "pulled": "{{ ti.xcom_pull(task_ids='extract') }} {{ ti.xcom_pull('extract')[0] }}",
    "private": "{{ params._x | default('no') }}",
    "unicode": "{{ 'ä' }}ß",
    "literal": literal("{{ ds }}"),
}
#: Arguments that cannot be rendered, by the name of their Dag.
FAILING = {
    "undefined": "{{ nothing_of_this_name }}",
    "no_attribute": "{{ params.nothing }}",
    "syntax": "{{ ds",
    "statement_without_end": "{% if true %}",
    "raising": "{{ 1 / 0 }}",
    "forbidden": "{{ ''.__class__ }}",
    "no_variable": "{{ var.value.none }}",
}


def show(value):
    return ["a tuple", *value] if isinstance(value, tuple) else value
