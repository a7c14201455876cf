/* The page comes alive: the stream to the rows, what happened to sound and speech, taps to the server. */

import { countLost, hideLost, showLost } from "./lost.js";
import { Picker } from "./picker.js";
import { Rows } from "./rows.js";
import { Sound } from "./sound.js";
import { Watch } from "./watch.js";

const NOTE_MS = 8000;     // long enough to be read
const SETTLE_MS = 400;    // a tap this soon after the rows moved was meant for something else
const SEND_MS = 5000;

const byId = (id) => document.getElementById(id);
const rows = new Rows(byId("board"), byId("row"), byId("nobody"));
const picker = new Picker(byId("picker"));
const sound = new Sound(showSound);
let clock = "";
let state = "";
let heardAt = "";

/* ---- what the server says ---- */

function onRow({ row }) {
  const happened = rows.show(row);
  if (happened === "raised") {
    showName();
    say("alert", `${row.name} may need you now. ${row.word}`);
  }
  if (happened === "taken") {
    sound.taken();
    const mine = picker.name && row.hands === `${picker.name} has it`;
    say("status", mine ? youHave(row.name, picker.name) : `${row.name}: ${row.hands}`);
  }
  if (happened === "lost" || happened === "notice") {
    sound[happened]();
    say("status", `${row.name}: ${row.word}`);
  }
  ring();
}

function onBeat(beat) {
  clock = beat.clock;
  byId("clock").textContent = clock;
  byId("tally").textContent = beat.tally.protected;
  byId("tally-rest").textContent = beat.tally.rest;
  byId("standby").hidden = !beat.standby;
  byId("standby-why").textContent = beat.standby;
  rows.keep(beat.wearers);
  ring();
}

function ring() {
  const people = rows.list();
  sound.alert(people.some(({ risk }) => risk === "alert"));
  if (state !== "lost" && !people.some(({ sounds }) => sounds === "lost")) sound.seen();
}

function onState(now, silence) {
  byId("live").textContent = now === "live" ? (clock ? "Live" : "Connecting") : `Heard ${Math.floor(silence)} s ago`;
  byId("live").parentElement.dataset.live = now;
  if (now === "lost") countLost(silence);
  if (now === state) return;
  if (now === "lost") {
    picker.close();
    showLost(rows.list(), clock);
    sound.lost();
  } else if (state === "lost") {
    hideLost();
    sound.seen();
  }
  state = now;
}

function youHave(name, by) {
  return `You have ${name}, ${by}.`;
}

function say(kind, text) {
  byId(`say-${kind}`).textContent = text;
}

/* ---- taking an alert ---- */

async function take(form) {
  const item = form.closest(".row");
  const note = item.querySelector(".note");
  const name = item.querySelector(".name").textContent;
  const { action } = form;      // as it stood under the finger: a later alert is another one
  const by = picker.name || (await picker.ask(`You are taking ${name}.`));
  showName();
  if (!by) return;
  const button = form.querySelector(".take");
  button.setAttribute("aria-disabled", "true");
  note.textContent = "Sending…";
  try {
    note.textContent = await send(action, by);
  } catch {
    note.textContent = "Not sent, nobody knows yet. Please tap again.";
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function send(action, by) {
  const answer = await fetch(action, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ by }),
    signal: AbortSignal.timeout(SEND_MS),
  });
  const facts = await answer.json();
  if (!answer.ok) return `${facts.title}. ${facts.detail}`;
  const said = facts.by === by ? youHave(facts.name, by) : `${facts.by} took it first.`;
  say("status", said);
  return said;
}

byId("board").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.querySelector("[aria-disabled]")) return;
  if (performance.now() - rows.movedAt < SETTLE_MS) {
    const note = form.closest(".row").querySelector(".note");
    note.textContent = "The rows moved just now. Please tap again.";
    setTimeout(() => { note.textContent = ""; }, NOTE_MS);
    return;
  }
  take(form);
});

byId("board").addEventListener("click", async (event) => {
  const other = event.target.closest(".not-me");
  if (!other) return;
  const form = other.parentElement.querySelector(".take-form");
  const name = other.closest(".row").querySelector(".name").textContent;
  const by = await picker.ask(`You are taking ${name}.`);
  showName();
  if (by) take(form);
});

function showName() {
  const { name } = picker;
  byId("tablet").hidden = false;
  byId("tablet").querySelector(".fact-now").textContent = name || "nobody yet";
  for (const { item } of rows.list()) {
    item.querySelector(".as").textContent = name ? `as ${name}` : "";
    const other = item.querySelector(".not-me");
    other.hidden = !name;
    other.textContent = `Not ${name}?`;
  }
}

byId("tablet").addEventListener("click", async () => {
  await picker.ask("Alerts taken on this tablet go to this name.");
  showName();
});

/* ---- sound ---- */

function showSound() {
  const able = sound.able;
  if (!able) heardAt = "";
  byId("sound-strip").hidden = able;
  byId("heard-strip").hidden = !able || heardAt !== "";
  const fact = byId("sound");
  fact.hidden = false;
  fact.toggleAttribute("data-doubt", !able);
  fact.querySelector("use").setAttribute("href", able ? "#g-sound" : "#g-mute");
  fact.querySelector(".fact-now").textContent = heardAt ? `heard ${heardAt}` : able ? "on" : "off";
}

async function turnSoundOn() {
  await sound.unlock();
  sound.test();
}

byId("sound-on").addEventListener("click", turnSoundOn);
byId("sound-again").addEventListener("click", turnSoundOn);
byId("sound").addEventListener("click", turnSoundOn);
byId("sound-heard").addEventListener("click", () => {
  heardAt = clock.slice(0, 5);
  showSound();
});

for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, () => {
    sound.seen();
    if (state === "lost") sound.alert(false);   // somebody is here and reads that nobody had it; it rings again with the server
  }, { passive: true });
}

/* ---- go ---- */

const watch = new Watch("/events", { row: onRow, beat: onBeat }, onState);
byId("lost-retry").addEventListener("click", () => watch.connect());
showName();
showSound();
ring();
