/* A staff page in; open alerts kept true while it stands open, the clock, jobs that are under way, out.

   A page stands open for hours while somebody types in it, so nothing of the page itself is drawn anew but what marks itself
   with data-part (and holds no field). Alerts are said once when they come, as on the board. */

const EVERY_MS = 3000;
const LATE_MS = 12000;      // four answers missing: then this page is no longer what it says it is
const JOB_MS = 2000;

const strips = document.getElementById("strips");
const clock = document.getElementById("clock");
let heardAt = performance.now();
let late = false;
let signedOut = false;

function say(where, text) {
  document.getElementById(where).textContent = text;
}

function words(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** Put `markup` where alerts are said; say aloud those that are new. */
function put(markup) {
  const before = strips.querySelector("strong")?.textContent ?? "";
  const page = new DOMParser().parseFromString(markup, "text/html");
  const now = page.querySelector("strong")?.textContent ?? "";
  strips.querySelector(".strip-doubt")?.remove();
  if (before === now) return;
  strips.replaceChildren(...page.body.childNodes);
  if (now) say("say-alert", words(strips.textContent.replace("To the board", "")));
  else say("say-status", "No alert is open any more.");
}

/** Say that this page can no longer be trusted with alerts; the last known ones stay below. */
function doubt(id) {
  const strip = document.getElementById(id).content.firstElementChild.cloneNode(true);
  strips.querySelector(".strip-doubt")?.remove();
  strips.prepend(strip);
  say("say-alert", words(strip.textContent));
}

async function look() {
  try {
    const answer = await fetch("/strips", { signal: AbortSignal.timeout(EVERY_MS), headers: { accept: "text/html" } });
    if (answer.status === 401 || answer.redirected) {
      if (!signedOut) doubt("signed-out");
      signedOut = true;
    } else if (answer.ok) {
      put(await answer.text());
      clock.textContent = answer.headers.get("x-clock") ?? clock.textContent;
      if (late) say("say-status", "This page hears the server again.");
      [signedOut, late] = [false, false];
    } else {
      return;
    }
    heardAt = performance.now();
    clock.dataset.live = "live";
  } catch {
    // silence is said below
  }
}

function listen() {
  if (performance.now() - heardAt < LATE_MS || late) return;
  late = true;
  clock.dataset.live = "behind";
  doubt("unheard");
}

/** Draw the parts of this page anew that mark themselves, while a job of theirs is under way. */
async function follow() {
  if (!document.querySelector("[data-job]")) return;
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(EVERY_MS) });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const now = fresh.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
      if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
    }
    if (!document.querySelector("[data-job]")) say("say-status", "Done.");
  } catch {
    // once more in a moment
  }
}

/** A table that becomes cards on a phone stays a table to those who hear it. */
function keepTables() {
  for (const table of document.querySelectorAll("table.table")) {
    table.setAttribute("role", "table");
    for (const row of table.rows) row.setAttribute("role", "row");
    for (const group of table.querySelectorAll("thead, tbody, tfoot")) group.setAttribute("role", "rowgroup");
    for (const cell of table.querySelectorAll("td")) cell.setAttribute("role", "cell");
    for (const cell of table.querySelectorAll("th")) {
      cell.setAttribute("role", cell.closest("thead") ? "columnheader" : "rowheader");
    }
  }
}

/** A secret is copied by a tap where the browser lets a page do so. */
function offerCopies() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
        say("say-status", button.textContent = "Copied");
      } catch {
        say("say-status", "It could not be copied: select it and copy it by hand.");
      }
    });
  }
}

function begin() {
  document.querySelector(".rooms [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  keepTables();
  offerCopies();
}

begin();
if (!("alerts" in strips.dataset)) look();   // a page that was drawn without them, as a refusal is
setInterval(look, EVERY_MS);
setInterval(listen, 1000);
setInterval(follow, JOB_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
addEventListener("pageshow", (event) => { if (event.persisted) look(); });
