/* A recording's page in; a cursor moved by mouse, touch and keyboard, a time marked by dragging, out. Without it everything can be typed. */

const section = document.querySelector("#lanes")?.closest("section");
const cursor = document.querySelector("#cursor");
const says = document.querySelector("#cursor-at");
const fields = { onset: document.querySelector("#f-onset"), end: document.querySelector("#f-end") };
const CLICK_PX = 6; // less is no dragging

function lanes() {
  return document.querySelector("#lanes");
}

function span() {
  const { since, until } = lanes().dataset;
  return { since: Number(since), until: Number(until) };
}

function offset() {
  return Number(lanes().dataset.away) || 0; // of the house's clock from UTC, where this part begins
}

function clock(at) {
  const whole = Math.round(at);
  return new Date((whole + offset()) * 1000).toISOString().slice(11, 19);
}

function dated(at) {
  return lanes().dataset.dates ? `${new Date((Math.round(at) + offset()) * 1000).toISOString().slice(0, 10)} ` : "";
}

function draw() {
  const { since, until } = span();
  const at = Number(cursor.value);
  says.textContent = clock(at);
  cursor.setAttribute("aria-valuetext", clock(at));
  for (const plot of section.querySelectorAll(".plot")) {
    let line = plot.querySelector(".cursor-line");
    if (!line) plot.append(Object.assign(line = document.createElement("span"), { className: "cursor-line" }));
    line.style.left = `${((at - since) / (until - since)) * 100}%`;
  }
}

function mark(from, to) {
  const { since, until } = span();
  for (const plot of section.querySelectorAll(".plot")) {
    let box = plot.querySelector(".marked");
    if (!box) plot.append(Object.assign(box = document.createElement("span"), { className: "marked" }));
    box.style.left = `${((from - since) / (until - since)) * 100}%`;
    box.style.width = `${((to - from) / (until - since)) * 100}%`;
  }
}

function put(field, at) {
  if (!fields[field]) return;
  fields[field].value = dated(at) + clock(at);
  fields[field].dispatchEvent(new Event("input", { bubbles: true }));
  const spoken = document.querySelector("#say-status");
  if (spoken) spoken.textContent = `${field === "onset" ? "Onset" : "End"} ${clock(at)}`;
}

function at(event, plot) {
  const box = plot.getBoundingClientRect();
  const { since, until } = span();
  const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  return since + share * (until - since);
}

let drag = null;

function begin(event) {
  const plot = event.target.closest(".plot");
  if (!plot || event.button) return;
  drag = { plot, from: at(event, plot), x: event.clientX, id: event.pointerId };
  plot.setPointerCapture(event.pointerId);
}

function move(event) {
  if (!drag || event.pointerId !== drag.id || Math.abs(event.clientX - drag.x) < CLICK_PX) return;
  const here = at(event, drag.plot);
  mark(Math.min(drag.from, here), Math.max(drag.from, here));
}

function finish(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const here = at(event, drag.plot);
  const dragged = Math.abs(event.clientX - drag.x) >= CLICK_PX;
  cursor.value = dragged ? Math.min(drag.from, here) : here;
  if (dragged) {
    put("onset", Math.min(drag.from, here));
    put("end", Math.max(drag.from, here));
  } else {
    put("onset", here);
  }
  drag = null;
  draw();
}

function zoom(way) {
  const link = document.querySelector(`[data-zoom="${way}"]`);
  if (link) location.assign(link.href);
}

const KEYS = {
  o: () => put("onset", Number(cursor.value)),
  e: () => put("end", Number(cursor.value)),
  "+": () => zoom("closer"),
  "=": () => zoom("closer"),
  "-": () => zoom("wider"),
};

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  const step = event.shiftKey ? 10 : 1;
  if (act) act();
  else if (event.key === "ArrowLeft") cursor.value = Number(cursor.value) - step;
  else if (event.key === "ArrowRight") cursor.value = Number(cursor.value) + step;
  else return;
  event.preventDefault();
  draw();
}

if (section && cursor) {
  cursor.disabled = false;
  section.addEventListener("pointerdown", begin);
  section.addEventListener("pointermove", move);
  section.addEventListener("pointerup", finish);
  section.addEventListener("pointercancel", () => { drag = null; });
  cursor.addEventListener("input", draw);
  cursor.addEventListener("keydown", key);
  new MutationObserver(() => { if (!section.querySelector(".cursor-line")) draw(); }).observe(section, { childList: true, subtree: true });
  draw();
}
