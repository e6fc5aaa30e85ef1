"""What is known of the SDKs for Go, Java and TypeScript, as of their version 1.0.0, for each row of Airflow's list.

Their manifests of capabilities could not be read for 1.0.0, so each row has its own source. Nothing here goes beyond
its source: a value that no source shows is `?`, with the value of the earlier manifests where they have one.
"""

from __future__ import annotations

from typing import NamedTuple

#: The SDKs in the order of the columns.
SIBLINGS = ("Go", "Java", "TypeScript")
RELEASED = "2026-11-13"
COLLECTED = "2026-11-26"
#: The commits of apache/airflow with the earlier manifests, `capabilities.yaml`.
MANIFESTS = {"Go": "0167a919c7b1", "Java": "031d2bcca60c", "TypeScript": "20b7001efb0e"}
_MAILS = "https://www.mail-archive.com/commits@airflow.apache.org"
_PULLS = "https://github.com/apache/airflow/pull"
YES, NO, UNKNOWN = "yes", "no", "?"
WAS_YES, WAS_NO = "? (last known: yes)", "? (last known: no)"


def _mail(number: int) -> str:
    return f"[mail {number}]({_MAILS}/msg{number}.html)"


def _pull(number: int) -> str:
    return f"[#{number}]({_PULLS}/{number})"


#: The pull request that changes Airflow's list for 1.0, of 2026-10-23.
LIST_OF_1_0 = _pull(71757)
_MANIFESTS = "earlier manifests"
_JAVA_NOTES = f"Java: release notes of 1.0.0, {RELEASED}"
_GUIDE = "TypeScript: guide for 1.0"


class Row(NamedTuple):
    """What is known for one row of the list.

    Attributes:
        go: the value for Go.
        java: the value for Java.
        typescript: the value for TypeScript.
        source: where the values come from, with limits that the source names. Empty if no source was found.
    """

    go: str
    java: str
    typescript: str
    source: str = ""


_TYPESCRIPT_MAIL = f"TypeScript: {_mail(588848)}; Go, Java: {_MANIFESTS}"
_BASIC = Row(YES, YES, YES, _TYPESCRIPT_MAIL)
_HANDED_OVER = Row(WAS_YES, YES, WAS_YES, f"Java: {_mail(588915)}; Go, TypeScript: {_MANIFESTS}")
_WAS_MISSING = Row(WAS_NO, WAS_NO, WAS_NO, _MANIFESTS)
_UNSEEN_BUT_JAVA = Row(UNKNOWN, YES, YES, f"{_JAVA_NOTES}; {_GUIDE}")
_NOT_IN_TYPESCRIPT = Row(UNKNOWN, UNKNOWN, NO, _GUIDE)
_NEW = Row(UNKNOWN, UNKNOWN, UNKNOWN, f"{_mail(589731)} names the row")
ROWS = {
    "success": _BASIC,
    "failed": _BASIC,
    "up_for_retry": _BASIC,
    "skipped": Row(WAS_NO, WAS_NO, "yes, only `triggerDagRun` with `skipWhenAlreadyExists`", _TYPESCRIPT_MAIL),
    "deferred": Row(WAS_NO, WAS_NO, "yes, only `triggerDagRun`", _TYPESCRIPT_MAIL),
    "up_for_reschedule": Row(WAS_NO, WAS_NO, NO, _TYPESCRIPT_MAIL),
    "awaiting_input": Row(WAS_NO, NO, YES, f"{_mail(588848)}, {_mail(588915)}; Go: {_MANIFESTS}"),
    "removed": _HANDED_OVER,
    "task-logging": _HANDED_OVER,
    "xcom-read-write": _HANDED_OVER,
    "connection-read": _HANDED_OVER,
    "variable-read-write": Row(
        YES, YES, WAS_YES, f"Go: {_mail(574129)}, 2026-09-21; Java: {_mail(588915)}; TypeScript: {_MANIFESTS}"
    ),
    "self-contained-bundle": _HANDED_OVER,
    "retry-policy": Row(WAS_NO, NO, WAS_NO, f"{_mail(588915)}, {_mail(589219)}; Go, TypeScript: {_MANIFESTS}"),
    "task-state-store": _UNSEEN_BUT_JAVA,
    "asset-state-store": Row(WAS_NO, WAS_NO, WAS_YES, _MANIFESTS),
    "asset-event-emit": _WAS_MISSING,
    "asset-event-read": _WAS_MISSING,
    "object-store": Row(WAS_NO, WAS_NO, WAS_NO, f"{_mail(589219)}, {_MANIFESTS}"),
    "listeners": _NEW,
    "native-dag-authoring": Row(YES, YES, YES, "documentation of Airflow 3.4.0, 2026-11-06"),
    "task-args": Row(UNKNOWN, UNKNOWN, YES, _GUIDE),
    "dag-params": Row(UNKNOWN, UNKNOWN, UNKNOWN),
    "taskflow-dependencies": _UNSEEN_BUT_JAVA,
    "branching": _UNSEEN_BUT_JAVA,
    "dag-test": Row(NO, NO, NO, f"3.4.0b2 refuses every native Dag; {_GUIDE}"),
    "task-group": _UNSEEN_BUT_JAVA,
    "dynamic-task-mapping": _NOT_IN_TYPESCRIPT,
    "asset-inlets-outlets": _NOT_IN_TYPESCRIPT,
    "asset-scheduling": _NOT_IN_TYPESCRIPT,
    "asset-definition": Row(UNKNOWN, UNKNOWN, NO, f"{_mail(589219)}; {_GUIDE}"),
    "callbacks": _NEW,
    "provider operators": _NEW,
    "mixed-lang-stub-target": Row(WAS_YES, WAS_YES, WAS_YES, _MANIFESTS),
    "taskflow-binding": Row(
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        f"manifests of September: no, although the code binds ({_pull(73421)}); {LIST_OF_1_0} corrects such cases",
    ),
}
