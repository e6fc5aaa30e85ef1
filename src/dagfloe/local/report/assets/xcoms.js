/** The XComs: all of them, or those of the selected task. */

const LONG_VALUE = 2000;
const xcomList = document.getElementById("xcom-list");

function xcomRows(number) {
  return run.instances
    .filter((instance) => number === null || taskNumbers.get(instance.task_id) === number)
    .flatMap((instance) => Object.entries(instance.xcoms).map(([key, value]) => xcomRow(instance, key, value)));
}

function xcomRow(instance, key, value) {
  const head = make("th", "", instanceName(instance));
  head.scope = "row";
  const cell = make("td", "value");
  if (value.length <= LONG_VALUE) {
    cell.append(make("pre", "", value));
  } else {
    // The whole value is put into the page only when it is wanted.
    const details = make("details", "", make("summary", "", `${value.slice(0, 200)}… (${value.length} characters)`));
    details.addEventListener("toggle", () => details.append(make("pre", "", value)), { once: true });
    cell.append(details);
  }
  return make("tr", "", head, make("td", "", key), cell);
}

function showXcoms(number) {
  const rows = xcomRows(number);
  if (!rows.length) {
    xcomList.replaceChildren(make("p", "nothing", number === null ? "No XComs." : "No XComs of the selected task."));
    return;
  }
  const heads = ["Task instance", "Key", "Value"].map((name) => {
    const head = make("th", "", name);
    head.scope = "col";
    return head;
  });
  const caption = make("caption", "", `${rows.length} XCom${rows.length === 1 ? "" : "s"} that the tasks pushed`);
  xcomList.replaceChildren(
    make("table", "xcoms", caption, make("thead", "", make("tr", "", ...heads)), make("tbody", "", ...rows)),
  );
}

selectionListeners.push(showXcoms);
showXcoms(null);
