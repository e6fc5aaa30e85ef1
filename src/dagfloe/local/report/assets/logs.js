/** The log records of all tries in order of time: filtered, searched, and put into the page a chunk at a time. */

const CHUNK = 300;
const LEVELS = ["debug", "info", "warning", "error", "critical"];
const logSearch = document.getElementById("log-search");
const logLevel = document.getElementById("log-level");
const logTask = document.getElementById("log-task");
const logUnfold = document.getElementById("log-unfold");
const logCount = document.getElementById("log-count");
const logScroll = document.getElementById("log-scroll");
const logList = document.getElementById("log-list");
const logMore = document.getElementById("log-more");
let hits = [];
let shown = 0;

function allRecords() {
  const all = [];
  for (const instance of run.instances) {
    const number = taskNumbers.get(instance.task_id);
    for (const attempt of instance.tries) {
      const source = instanceName(instance) + (attempt.try_number > 1 ? ` try ${attempt.try_number}` : "");
      for (const record of attempt.records) {
        const level = LEVELS.indexOf(record.level);
        all.push({ record, source, number, level: level < 0 ? 1 : level, at: Date.parse(record.time) || 0, text: null });
      }
    }
  }
  return all.sort((one, other) => one.at - other.at); // stable: records of one moment stay in their order
}

const records = allRecords();

/** What is searched of a record; made when it is first needed. */
function searchable(entry) {
  if (entry.text === null) {
    const { record, source } = entry;
    const fields = Object.entries(record.fields).map(([name, value]) => `${name}=${value}`);
    entry.text = [record.event, ...fields, record.exception ?? "", record.logger, source].join("\n").toLowerCase();
  }
  return entry.text;
}

function filterLogs() {
  const wanted = logSearch.value.toLowerCase();
  const level = Number(logLevel.value);
  const number = logTask.value === "" ? null : Number(logTask.value);
  hits = records.filter(
    (entry) =>
      entry.level >= level &&
      (number === null || entry.number === number) &&
      (wanted === "" || searchable(entry).includes(wanted)),
  );
  const total = records.length.toLocaleString("en");
  logCount.textContent = hits.length === records.length
    ? `${total} records`
    : `${hits.length.toLocaleString("en")} of ${total} records`;
  shown = 0;
  logList.replaceChildren();
  logScroll.scrollTop = 0;
  showMore();
}

function showMore() {
  const chunk = hits.slice(shown, shown + CHUNK);
  logList.append(...chunk.map(logLine));
  shown += chunk.length;
  const left = hits.length - shown;
  logMore.textContent = left ? `${left.toLocaleString("en")} more records follow when you scroll` : "";
  logMore.hidden = !left && hits.length > 0;
  if (!hits.length) logMore.textContent = records.length ? "No record fits the filters." : "No log records.";
}

/** The time of day of an ISO text, to the millisecond. */
function clock(time) {
  const parts = /T(\d\d:\d\d:\d\d)(\.\d{1,3})?/.exec(time);
  return parts ? parts[1] + (parts[2] ?? ".").padEnd(4, "0") : time;
}

function logLine(entry) {
  const { record, source } = entry;
  const time = make("time", "", clock(record.time));
  time.title = record.time;
  const origin = make("span", "source", ...marked(source));
  origin.title = `logger ${record.logger}`;
  const message = make("div", "message", ...marked(record.event));
  for (const [name, value] of Object.entries(record.fields)) {
    message.append(" ", make("span", "field", ...marked(`${name}=${value}`)));
  }
  if (record.exception) {
    const lines = record.exception.trimEnd().split("\n");
    const details = make(
      "details",
      "",
      make("summary", "", ...marked(lines[lines.length - 1])),
      make("pre", "", ...marked(record.exception)),
    );
    details.open = logUnfold.getAttribute("aria-pressed") === "true";
    message.append(details);
  }
  const level = LEVELS[entry.level];
  return make("li", `level-${level}`, time, make("span", "level", record.level), origin, message);
}

/** A text in parts, those that were searched for marked. */
function marked(text) {
  const wanted = logSearch.value.toLowerCase();
  const lower = text.toLowerCase();
  // Lower case may be longer than the text itself; then no place in one is a place in the other.
  if (wanted === "" || lower.length !== text.length) return [text];
  const parts = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), make("mark", "", text.slice(at, at + wanted.length)));
    from = at + wanted.length;
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
logUnfold.addEventListener("click", () => {
  const open = logUnfold.getAttribute("aria-pressed") !== "true";
  logUnfold.setAttribute("aria-pressed", String(open));
  for (const details of logList.querySelectorAll("details")) details.open = open;
});
document.getElementById("log-filter").addEventListener("submit", (event) => event.preventDefault());
logScroll.addEventListener("scroll", () => {
  if (shown < hits.length && logScroll.scrollTop + 2 * logScroll.clientHeight > logScroll.scrollHeight) showMore();
});
selectionListeners.push((number) => {
  logTask.value = number === null ? "" : String(number);
  filterLogs();
});
document.getElementById("log-filter").hidden = false;
logScroll.hidden = false;
filterLogs();
