/* A page of support staff in; what changes while it stands open put in its place, and how old it is, out.

   Parts that mark themselves with data-part are drawn anew from the page itself; what moves (data-live-at) is asked for
   several times a second, and where its mark changes the page is drawn anew. A field that somebody types in is never
   drawn anew, and what lies under a thumb does not jump. */

const LATE_MS = 3000;       // what moves is asked for several times a second
const LATE_PARTS = 3;       // answers missing: then a page is no longer what it says it is

const live = document.getElementById("live");
const moving = document.querySelector("[data-live-at]");
const part = document.querySelector("[data-part][data-every]");
const everyMs = Number((moving ?? part)?.dataset.every ?? 0);
let heardAt = performance.now();
let mark = moving?.dataset.mark ?? "";
let asking = false;

function say() {
  const silence = performance.now() - heardAt;
  const behind = silence > Math.max(LATE_MS, LATE_PARTS * everyMs);
  const said = behind ? `Heard ${Math.floor(silence / 1000)} s ago. What is shown may be old.` : "Live";
  if (live.textContent !== said) live.textContent = said;
  live.dataset.live = behind ? "behind" : "live";
}

function fill(place, markup) {
  if (!place || place.dataset.markup === markup) return;
  const drawn = new DOMParser().parseFromString(markup, "text/html");
  if (place.innerHTML !== drawn.body.innerHTML) place.replaceChildren(...drawn.body.childNodes);
  place.dataset.markup = markup;
}

/** Draw the parts of this page anew; where somebody types in one, it stays. */
async function draw() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(5000), headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const heading = fresh.querySelector("h1");
  for (const old of document.querySelectorAll("[data-part]")) {
    const now = fresh.querySelector(`[data-part="${CSS.escape(old.dataset.part)}"]`);
    const typing = old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    if (now && !typing && old.innerHTML !== now.innerHTML) old.replaceChildren(...now.childNodes);
  }
  if (heading) document.querySelector("h1").textContent = heading.textContent;
  const at = fresh.querySelector("[data-live-at]");
  if (at && moving) {
    mark = at.dataset.mark;
    moving.dataset.every = at.dataset.every;
  }
  return true;
}

async function look() {
  if (asking) return;
  asking = true;
  try {
    if (!moving) {
      if (await draw()) heardAt = performance.now();
      return;
    }
    const answer = await fetch(moving.dataset.liveAt, { signal: AbortSignal.timeout(3000), headers: { accept: "application/json" } });
    if (answer.status === 404) return void location.reload();
    if (!answer.ok) return;
    const said = await answer.json();
    if (said.mark !== mark && !(await draw())) return;
    for (const [id, markup] of Object.entries(said.live)) fill(document.getElementById(id), markup);
    heardAt = performance.now();
  } catch {
    // the line says how old the page is
  } finally {
    asking = false;
  }
}

async function run() {
  await look();
  setTimeout(run, Number((moving ?? part).dataset.every));
}

if (everyMs) {
  say();
  setInterval(say, 500);
  setTimeout(run, moving ? 0 : everyMs);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
}
