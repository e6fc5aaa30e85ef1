"use strict";

const run = JSON.parse(document.getElementById("run").textContent);
const taskNumbers = new Map(run.tasks.map((task, number) => [task.task_id, number]));
/** What is told when another task is selected: functions of its number, or null. */
const selectionListeners = [];
let selected = null;

/** An element with a class and children; texts become text nodes, so nothing in them is ever markup. */
function make(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function instanceName(instance) {
  if (instance.map_index < 0) return instance.task_id;
  return `${instance.task_id} [${instance.map_index}${instance.label ? ` · ${instance.label}` : ""}]`;
}

/** Select a task by its number, everywhere on the page; null selects none. */
function select(number) {
  selected = number;
  for (const each of document.querySelectorAll("[data-task]")) {
    const chosen = each.dataset.task === String(number);
    each.classList.toggle("selected", chosen);
    if (each.classList.contains("node")) each.setAttribute("aria-pressed", String(chosen));
  }
  for (const edge of document.querySelectorAll(".edge")) {
    const ends = [edge.dataset.from, edge.dataset.to];
    edge.classList.toggle("near", ends.includes(String(number)));
  }
  const note = document.getElementById("selection");
  note.hidden = number === null;
  note.querySelector("b").textContent = number === null ? "" : run.tasks[number].task_id;
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
for (const head of document.querySelectorAll("tr[data-task] > th")) {
  head.addEventListener("click", () => toggle(Number(head.parentElement.dataset.task)));
}
document.querySelector("#selection button").addEventListener("click", () => select(null));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && selected !== null) select(null);
});

/** A graph that is a little too wide is made smaller at once; one that could not be read then is scrolled. */
const READABLE = 0.65;
const graph = document.querySelector(".graph");
const fit = document.getElementById("fit");

function fitGraph(on) {
  graph.classList.toggle("fit", on);
  fit.setAttribute("aria-pressed", String(on));
}

const graphScale = graph.parentElement.clientWidth / graph.getBoundingClientRect().width;
fit.hidden = graphScale >= 1;
fitGraph(graphScale >= READABLE);
fit.addEventListener("click", () => fitGraph(!graph.classList.contains("fit")));
