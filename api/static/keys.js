// Shortcuts on a page of cases: j and k move, n takes the next case, b goes to the findings, ? turns all of them off.

const STORE = "weegschaal.keys";
const root = document.documentElement;

function on() {
  return localStorage.getItem(STORE) !== "off";
}

function show() {
  root.dataset.keys = on() ? "on" : "off";
}

function typing(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

function move(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
}

function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  if (target instanceof HTMLFormElement) target.requestSubmit();
  else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "?") {
    localStorage.setItem(STORE, on() ? "off" : "on");
    show();
    event.preventDefault();
  } else if (on() && (event.key === "j" || event.key === "k")) {
    move(event.key === "j" ? 1 : -1);
    event.preventDefault();
  } else if (on() && (event.key === "n" || event.key === "b") && press(event.key)) {
    event.preventDefault();
  }
});

// Looking at a node brings its own relations forward.
for (const graph of document.querySelectorAll("svg.graph")) {
  const look = (event) => {
    const seen = event.type === "mouseover" || event.type === "focusin" ? event.target.closest("[data-node]") : null;
    for (const edge of graph.querySelectorAll(".edge--near")) edge.classList.remove("edge--near");
    if (!seen) return;
    const name = CSS.escape(seen.dataset.node);
    for (const edge of graph.querySelectorAll(`[data-from="${name}"], [data-to="${name}"]`)) edge.classList.add("edge--near");
  };
  for (const name of ["mouseover", "mouseout", "focusin", "focusout"]) graph.addEventListener(name, look);
}

// A refused form says so at once, also to those who listen. The address may name a part of the page, and going there
// takes the focus away again when everything has loaded; so this comes after that.
const refusal = document.querySelector("[role=alert]");
const refused = refusal?.querySelector("a") ?? refusal;
if (refused) {
  if (refused === refusal) refused.tabIndex = -1;
  addEventListener("load", () => requestAnimationFrame(() => refused.focus()));
}

show();
