/** Shows the XComs: all of them, or those of the selected task. */

const LONG_VALUE = 2000;
const xcomList = document.getElementById("xcom-list");

function xcomRows(number) {
  return run.instances
    .filter((instance) => number === null || taskNumbers.get(instance.task_id) === number)
    .flatMap((instance) => Object.entries(instance.xcoms).map(([key, value]) => xcomRow(instance, key, value)));
}

function xcomRow(instance, key, value) {
  const heading = make("th", "", instanceName(instance));
  heading.scope = "row";
  const cell = make("td", "value");
  if (value.length <= LONG_VALUE) {
    cell.append(make("pre", "", value));
  } else {
    // The page gets the whole value when the reader opens it.
    const details = make("details", "", make("summary", "", `${value.slice(0, 200)}… (${value.length} characters)`));
    details.addEventListener("toggle", () => details.append(make("pre", "", value)), { once: true });
    cell.append(details);
  }
  return make("tr", "", heading, make("td", "", key), cell);
}

function showXcoms(number) {
  const rows = xcomRows(number);
  if (!rows.length) {
    xcomList.replaceChildren(make("p", "empty", number === null ? "No XComs." : "No XComs of the selected task."));
    return;
  }
  const headings = ["Task instance", "Key", "Value"].map((name) => {
    const heading = make("th", "", name);
    heading.scope = "col";
    return heading;
  });
  const caption = make("caption", "", `${rows.length} XCom${rows.length === 1 ? "" : "s"} pushed by the tasks`);
  xcomList.replaceChildren(
    make("table", "xcoms", caption, make("thead", "", make("tr", "", ...headings)), make("tbody", "", ...rows)),
  );
}

selectionListeners.push(showXcoms);
showXcoms(null);
