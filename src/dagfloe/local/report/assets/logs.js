/** Shows the log records of all tries in the order of time, with filters and a search, a chunk at a time. */

const CHUNK = 300;
const LEVELS = ["debug", "info", "warning", "error", "critical"];
const logSearch = document.getElementById("log-search");
const logLevel = document.getElementById("log-level");
const logTask = document.getElementById("log-task");
const logExpand = document.getElementById("log-expand");
const logCount = document.getElementById("log-count");
const logScroll = document.getElementById("log-scroll");
const logList = document.getElementById("log-list");
const logMore = document.getElementById("log-more");
let matches = [];
let shownCount = 0;

function collectEntries() {
  const entries = [];
  for (const instance of run.instances) {
    const number = taskNumbers.get(instance.task_id);
    for (const attempt of instance.tries) {
      const source = instanceName(instance) + (attempt.try_number > 1 ? ` try ${attempt.try_number}` : "");
      for (const record of attempt.records) {
        const level = LEVELS.indexOf(record.level);
        const time = Date.parse(record.time) || 0;
        entries.push({ record, source, number, level: level < 0 ? 1 : level, time, searchText: null });
      }
    }
  }
  return entries.sort((one, other) => one.time - other.time); // stable: equal times keep their order
}

const entries = collectEntries();

/** Return the text of a record that the search looks at. It is built on first use. */
function searchText(entry) {
  if (entry.searchText === null) {
    const { record, source } = entry;
    const fields = Object.entries(record.fields).map(([name, value]) => `${name}=${value}`);
    entry.searchText = [record.event, ...fields, record.exception ?? "", record.logger, source].join("\n").toLowerCase();
  }
  return entry.searchText;
}

function filterLogs() {
  const query = logSearch.value.toLowerCase();
  const level = Number(logLevel.value);
  const number = logTask.value === "" ? null : Number(logTask.value);
  matches = entries.filter(
    (entry) =>
      entry.level >= level &&
      (number === null || entry.number === number) &&
      (query === "" || searchText(entry).includes(query)),
  );
  const total = entries.length.toLocaleString("en");
  logCount.textContent = matches.length === entries.length
    ? `${total} records`
    : `${matches.length.toLocaleString("en")} of ${total} records`;
  shownCount = 0;
  logList.replaceChildren();
  logScroll.scrollTop = 0;
  showMore();
}

function showMore() {
  const chunk = matches.slice(shownCount, shownCount + CHUNK);
  logList.append(...chunk.map(logLine));
  shownCount += chunk.length;
  const remaining = matches.length - shownCount;
  logMore.textContent = remaining ? `Scroll to see ${remaining.toLocaleString("en")} more records` : "";
  logMore.hidden = !remaining && matches.length > 0;
  if (!matches.length) logMore.textContent = entries.length ? "No record matches the filters." : "No log records.";
}

/** Return the time of day in an ISO 8601 string, to the millisecond. */
function timeOfDay(time) {
  const parts = /T(\d\d:\d\d:\d\d)(\.\d{1,3})?/.exec(time);
  return parts ? parts[1] + (parts[2] ?? ".").padEnd(4, "0") : time;
}

function logLine(entry) {
  const { record, source } = entry;
  const time = make("time", "", timeOfDay(record.time));
  time.title = record.time;
  const origin = make("span", "source", ...markMatches(source));
  origin.title = `logger ${record.logger}`;
  const message = make("div", "message", ...markMatches(record.event));
  for (const [name, value] of Object.entries(record.fields)) {
    message.append(" ", make("span", "field", ...markMatches(`${name}=${value}`)));
  }
  if (record.exception) {
    const lines = record.exception.trimEnd().split("\n");
    const details = make(
      "details",
      "",
      make("summary", "", ...markMatches(lines[lines.length - 1])),
      make("pre", "", ...markMatches(record.exception)),
    );
    details.open = logExpand.getAttribute("aria-pressed") === "true";
    message.append(details);
  }
  const level = LEVELS[entry.level];
  return make("li", `level-${level}`, time, make("span", "level", record.level), origin, message);
}

/** Split a string into parts, and mark those that match the search. */
function markMatches(text) {
  const query = logSearch.value.toLowerCase();
  const lower = text.toLowerCase();
  // The lower case of some characters is longer. Then positions in it are not positions in the text.
  if (query === "" || lower.length !== text.length) return [text];
  const parts = [];
  let from = 0;
  for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, from)) {
    parts.push(text.slice(from, at), make("mark", "", text.slice(at, at + query.length)));
    from = at + query.length;
  }
  return [...parts, text.slice(from)];
}

for (const [number, task] of run.tasks.entries()) {
  const option = make("option", "", task.task_id);
  option.value = String(number);
  logTask.append(option);
}
logSearch.addEventListener("input", filterLogs);
logLevel.addEventListener("change", filterLogs);
logTask.addEventListener("change", () => select(logTask.value === "" ? null : Number(logTask.value)));
logExpand.addEventListener("click", () => {
  const isExpanded = logExpand.getAttribute("aria-pressed") !== "true";
  logExpand.setAttribute("aria-pressed", String(isExpanded));
  for (const details of logList.querySelectorAll("details")) details.open = isExpanded;
});
document.getElementById("log-filter").addEventListener("submit", (event) => event.preventDefault());
logScroll.addEventListener("scroll", () => {
  if (shownCount < matches.length && logScroll.scrollTop + 2 * logScroll.clientHeight > logScroll.scrollHeight) showMore();
});
selectionListeners.push((number) => {
  logTask.value = number === null ? "" : String(number);
  filterLogs();
});
document.getElementById("log-filter").hidden = false;
logScroll.hidden = false;
filterLogs();
