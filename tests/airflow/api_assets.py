"""The assets of the API server: `assets`, `asset_aliases` and `asset_events` of a request for a run."""

from __future__ import annotations

from typing import Any

from api_answers import Answer, not_found
from api_dates import parse_date


class Assets:
    """Answers requests for assets, asset aliases and asset events.

    Args:
        request: the request for a run.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self._assets = {asset["name"]: asset for asset in request.get("assets", [])}
        self._aliases = request.get("asset_aliases", {})
        self._events = sorted(request.get("asset_events", []), key=lambda event: str(event["timestamp"]))

    def name_of(self, uri: str) -> str | None:
        """The name of the asset with a URI."""
        return next((name for name, asset in self._assets.items() if asset["uri"] == uri), None)

    def find(self, selector: str, query: Any) -> Answer:
        """Find the asset with a name or URI, or the assets of an alias; `query` is of httpx."""
        if selector == "by-alias":
            return 200, [self._assets[name] for name in self._aliases.get(query.get("alias_name"), [])]
        for asset in self._assets.values():
            if asset["name"] == query.get("name") or asset["uri"] == query.get("uri"):
                return 200, asset
        return not_found(str(query))

    def events(self, selector: str, query: Any) -> Answer:
        """Find the events that match a query."""
        events = list(self._events)
        if selector == "by-asset":
            names = {query.get("name"), query.get("uri")} - {None, ""}
            events = [event for event in events if names & {event["asset"]["name"], event["asset"]["uri"]}]
        for name, sign in (("after", -1), ("before", 1)):
            if name in query:
                bound = parse_date(query[name]).timestamp() * sign
                events = [event for event in events if parse_date(event["timestamp"]).timestamp() * sign <= bound]
        if query.get("ascending") == "false":
            events.reverse()
        return 200, {"asset_events": events[: int(query["limit"])] if "limit" in query else events}
