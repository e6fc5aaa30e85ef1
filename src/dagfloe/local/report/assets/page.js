"use strict";

const run = JSON.parse(document.getElementById("run").textContent);
const taskNumbers = new Map(run.tasks.map((task, number) => [task.task_id, number]));
/** Functions that are called with the number of the selected task, or null. */
const selectionListeners = [];
let selected = null;

/** Create an element. Strings become text nodes, so that nothing in them can be markup. */
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function instanceName(instance) {
  if (instance.map_index < 0) return instance.task_id;
  return `${instance.task_id} [${instance.map_index}${instance.label ? ` · ${instance.label}` : ""}]`;
}

/** Select a task by its number, in all parts of the page; null clears the selection. */
function select(number) {
  selected = number;
  for (const element of document.querySelectorAll("[data-task]")) {
    const isSelected = element.dataset.task === String(number);
    element.classList.toggle("selected", isSelected);
    if (element.classList.contains("node")) element.setAttribute("aria-pressed", String(isSelected));
  }
  for (const edge of document.querySelectorAll(".edge")) {
    const ends = [edge.dataset.from, edge.dataset.to];
    edge.classList.toggle("near", ends.includes(String(number)));
  }
  const status = document.getElementById("selection");
  status.hidden = number === null;
  status.querySelector("b").textContent = number === null ? "" : run.tasks[number].task_id;
  for (const listener of selectionListeners) listener(number);
}

function toggle(number) {
  select(selected === number ? null : number);
}

for (const node of document.querySelectorAll(".node")) {
  const number = Number(node.dataset.task);
  node.setAttribute("role", "button");
  node.setAttribute("tabindex", "0");
  node.setAttribute("aria-pressed", "false");
  node.addEventListener("click", () => toggle(number));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle(number);
  });
}
for (const heading of document.querySelectorAll("tr[data-task] > th")) {
  heading.addEventListener("click", () => toggle(Number(heading.parentElement.dataset.task)));
}
document.querySelector("#selection button").addEventListener("click", () => select(null));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && selected !== null) select(null);
});

/** The smallest scale at which a graph is readable. A graph that would need a smaller one scrolls instead. */
const MIN_SCALE = 0.65;
const graph = document.querySelector(".graph");
const fitButton = document.getElementById("fit");

function fitGraph(isFit) {
  graph.classList.toggle("fit", isFit);
  fitButton.setAttribute("aria-pressed", String(isFit));
}

const graphScale = graph.parentElement.clientWidth / graph.getBoundingClientRect().width;
fitButton.hidden = graphScale >= 1;
fitGraph(graphScale >= MIN_SCALE);
fitButton.addEventListener("click", () => fitGraph(!graph.classList.contains("fit")));
