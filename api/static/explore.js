// Panning, zooming and searching the drawing of relations, and the day on its slider. Without this the page is complete.

const graph = document.querySelector("svg.graph");
const canvas = graph?.closest(".canvas");
const frame = graph?.parentElement;
const whole = graph ? { wide: graph.viewBox.baseVal.width, high: graph.viewBox.baseVal.height } : null;
let scale = 1;

// The scale at which the whole drawing is in its frame.
function fitting() {
  return Math.min(1, canvas.clientWidth / (whole.wide + 24), canvas.clientHeight / (whole.high + 24));
}

// The drawing is transformed, not drawn anew, in a frame that scrolls as any other: what lies at (x, y) stays there.
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const next = factor ? Math.min(4, Math.max(fitting(), scale * factor)) : fitting();
  const at = [canvas.scrollLeft + x, canvas.scrollTop + y].map((one) => (one * next) / scale);
  scale = next;
  graph.style.transform = `scale(${scale})`;
  frame.style.width = `${whole.wide * scale}px`;
  frame.style.height = `${whole.high * scale}px`;
  canvas.scrollTo(at[0] - x, at[1] - y);
}

function watch() {
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) held = [event.clientX, event.clientY];
  });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    canvas.scrollBy(held[0] - event.clientX, held[1] - event.clientY);
    held = [event.clientX, event.clientY];
  });
  window.addEventListener("pointerup", () => (held = null));
  canvas.addEventListener("dragstart", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // the page itself still scrolls
      event.preventDefault();
      const frame = canvas.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 1.15 : 0.87, event.clientX - frame.left, event.clientY - frame.top);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { "+": 1.25, "=": 1.25, "-": 0.8, 0: 0 }[event.key];
    if (by === undefined) return;
    zoom(by);
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
      const middle = [box.x + box.width / 2, box.y + box.height / 2].map((one) => one * scale);
      canvas.scrollTo(middle[0] - canvas.clientWidth / 2, middle[1] - canvas.clientHeight / 2);
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
  canvas.style.height = `${canvas.offsetHeight}px`; // the frame keeps its size when the drawing grows
  zoom(fitting() > 0.75 ? 0 : 1); // words stay legible at first
  canvas.classList.add("canvas--moves");
  for (const one of document.querySelectorAll(".finder, [data-with-script]")) one.hidden = false;
  watch();
  search();
  slide();
}
