// Panning, zooming and searching the drawing of relations, and the day on its slider. Without this the page is complete.

const graph = document.querySelector("svg.graph");
const whole = graph ? graph.getAttribute("viewBox").split(" ").map(Number) : [0, 0, 1, 1];
let view = [...whole];
let asked = false;

// One change of the picture per frame, however many movements there were.
function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    graph.setAttribute("viewBox", view.join(" "));
  });
}

function zoom(factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) {
  if (!factor) view = [...whole];
  else {
    const wide = Math.min(whole[2] * 2, Math.max(whole[2] / 12, view[2] / factor));
    const by = wide / view[2];
    view = [x - (x - view[0]) * by, y - (y - view[1]) * by, wide, view[3] * by];
  }
  draw();
}

function pan(dx, dy) {
  view = [view[0] + dx, view[1] + dy, view[2], view[3]];
  draw();
}

function at(event) {
  const box = graph.getBoundingClientRect();
  return [view[0] + ((event.clientX - box.left) / box.width) * view[2], view[1] + ((event.clientY - box.top) / box.height) * view[3]];
}

function watch() {
  let held = null;
  graph.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") held = [event.clientX, event.clientY];
  });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    const scale = view[2] / graph.getBoundingClientRect().width;
    pan((held[0] - event.clientX) * scale, (held[1] - event.clientY) * scale);
    held = [event.clientX, event.clientY];
  });
  window.addEventListener("pointerup", () => (held = null));
  graph.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // the page itself still scrolls
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.15 : 0.87, ...at(event));
    },
    { passive: false },
  );
  graph.closest(".canvas").addEventListener("keydown", (event) => {
    const step = view[2] / 10;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") zoom(0);
    else if (moves[event.key]) pan(...moves[event.key]);
    else return;
    event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
}

function search() {
  const field = document.querySelector("#vind");
  const told = document.querySelector("#gevonden");
  const nodes = [...graph.querySelectorAll("[data-node]")].map((node) => [node, node.getAttribute("aria-label").toLowerCase()]);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    const found = nodes.filter(([node, name]) => {
      const fits = wanted !== "" && name.includes(wanted);
      node.classList.toggle("node--found", fits);
      return fits;
    });
    told.textContent = !wanted ? "" : found.length ? `${found.length} ${told.dataset.some}` : told.dataset.none;
    if (found.length) {
      const box = found[0][0].getBBox();
      view[0] = box.x + box.width / 2 - view[2] / 2;
      view[1] = box.y + box.height / 2 - view[3] / 2;
      draw();
    }
  });
}

// The day moves at once in the picture; the table follows when the form is sent.
function slide() {
  const form = document.querySelector("form.moment");
  if (!form) return;
  const range = form.querySelector("input[type=range]");
  const told = form.querySelector("output");
  const [year, month] = form.dataset.first.split("-").map(Number);
  const edges = [...graph.querySelectorAll(".edge")];
  range.addEventListener("input", () => {
    const day = new Date(Date.UTC(year, month + Number(range.value), 0));
    const iso = day.toISOString().slice(0, 10);
    const linked = new Set(["n0"]);
    for (const edge of edges) {
      const holds = edge.dataset.since <= iso && (!edge.dataset.until || edge.dataset.until >= iso);
      edge.classList.toggle("away", !holds);
      if (holds) linked.add(edge.dataset.from).add(edge.dataset.to);
    }
    for (const node of graph.querySelectorAll("[data-node]")) node.classList.toggle("away", !linked.has(node.dataset.node));
    told.textContent = day.toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  });
}

if (graph) {
  graph.classList.add("graph--moves");
  for (const one of document.querySelectorAll(".finder, [data-with-script]")) one.hidden = false;
  watch();
  search();
  slide();
}
