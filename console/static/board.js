/* The page comes alive: the stream to the rows, what happened to sound and speech, taps to the server. */

import { countLost, hideLost, showLost } from "./lost.js";
import { Awake } from "./awake.js";
import { Choice } from "./choice.js";
import { Elsewhere } from "./elsewhere.js";
import { Hands, youHave } from "./hands.js";
import { Notices } from "./notices.js";
import { Picker } from "./picker.js";
import { register, subscribe, subscribed } from "./push.js";
import { Rows } from "./rows.js";
import { Sheet } from "./sheet.js";
import { Sound } from "./sound.js";
import { Tablet } from "./tablet.js";
import { Watch } from "./watch.js";

const SEND_MS = 5000;
const NOBODY_HERE = "Nobody is on shift";   // console/board.py
const SIGNED_OUT_MS = 5000;     // how often it is asked whether somebody has signed in, or the tablet may watch by itself
const TESTED_S = 12 * 3600;     // a shift is no longer: whoever is here now has to have heard it
const JUST_NOW_S = 60;          // whoever begins a shift and hears the notes does both within a minute: they are asked once
const NEWS_MS = 10000;    // what was said aloud is old then, and must not be found as if it were news
const DEAF_BEATS = 3;     // one lost beat is nothing: after 15 s a tablet does not count

const ROOMY = matchMedia("(min-width: 45em)");   // in the hand the button comes first

const byId = (id) => document.getElementById(id);
const onTap = (id, act) => byId(id).addEventListener("click", act);
const rows = new Rows(byId("board"), byId("row"), byId("nobody"));
const picker = new Picker(byId("picker"), byId("watching").dataset.me);
const elsewhere = new Elsewhere(byId("over-alert"), byId("elsewhere"), rows);
const sheet = new Sheet(byId("sheet"), () => picker.name, (why) => picker.ask(why), onSheet);
const notices = new Notices(byId("notices"), byId("notice"), onNotice);
const hands = new Hands(rows, picker, (text) => say("status", text), (matter, what, body) => tablet.ask(`/api/v1/matters/${encodeURIComponent(matter)}/${what}`, body));
const voice = new Choice(byId("voice"));
const sound = new Sound(showSound, onStarted);
const cares = "care" in byId("watching").dataset;
let clock = "";
let state = "";
let heardAt = "";
let heardS = null;        // when a person heard the notes [UTC s of the server]
let mutedUntilS = null;
let messages = false;     // push comes here
let unheard = 0;          // beats that the server did not take, one after the other
let tablet = null;
let shift = null;
let signedOut = false;
let unreadable = false;

/* ---- what the server says ---- */

function onRow({ row }) {
  const happened = rows.show(row);
  sheet.look(row);
  if (happened === "raised" && !tablet?.has(row.alert_id, "on the tablet")) {
    hands.show();
    showPlans();
    say("alert", `${row.name} may need you now. ${row.word}`);
    elsewhere.raised(row);
  }
  if (row.risk !== "alert") elsewhere.ended(row);
  if (happened === "taken") {
    sound.taken();
    const mine = picker.name && row.hands === `${picker.name} has it`;
    say("status", mine ? youHave(row.name, picker.name) : `${row.name}: ${row.hands}`);
  }
  if (happened === "lost" || happened === "notice") {
    sound[happened]();
    say("status", `${row.name}: ${row.word}`);
  }
  if (!happened && row.risk === "calm") return;      // the next beat sees to the rest
  ring(happened === "raised" && row.sounds === "alert");
  account();
  elsewhere.look();
}

function onBeat(beat) {
  if (signedOut) onSignedIn();
  clock = beat.clock;
  if (tablet) tablet.now = beat.now_s;
  showShift(beat.shift);
  notices.show(beat.notices);
  byId("renewed").hidden = beat.version === byId("watching").dataset.version;
  if (byId("indoors")) byId("indoors").hidden = !beat.indoors;
  countDown(beat.now_s);
  byId("clock").textContent = clock;
  byId("tally").textContent = beat.tally.protected;
  byId("tally-rest").textContent = beat.tally.rest;
  byId("standby").hidden = !beat.standby;
  byId("standby-why").textContent = beat.standby;
  rows.keep(beat.wearers);
  ring();
  account();
  elsewhere.look();
}

/** Tell what really is on this screen: a page behind another shows nothing to anybody. */
function account() {
  if (!tablet || document.hidden || state === "lost") return;
  for (const { matter } of rows.list()) tablet.note(matter, "on the tablet");
  for (const { dataset } of notices.list()) tablet.note(dataset.matter, "on the tablet");
}

/** One alert, and room for it: what helps is there without a tap. */
function showPlans() {
  const needing = rows.list().filter(({ risk }) => risk === "alert");
  for (const { item } of needing) item.querySelector(".help").open = needing.length === 1 && ROOMY.matches;
}

/** The first note of a sound has been heard by the air of this room. */
function onStarted(what) {
  if (!tablet || state === "lost") return;
  for (const { matter, sounds } of rows.list()) if (sounds === what) tablet.note(matter, "sounded");
}

function onNotice(text, paused) {
  if (!paused) sound.notice();
  say("status", text);
}

/** What is opened over the board while somebody needs you says so from the start. */
function onSheet() {
  const shown = byId("sheet").querySelector(".urgent")?.dataset.wearer;      // whose own screen it is
  for (const { risk, wearer, name } of rows.list()) if (risk === "alert" && wearer !== shown) elsewhere.raised({ wearer, name });
}

function showShift(now) {
  const said = byId("shift");
  const heardJustNow = heardS !== null && tablet && tablet.now - heardS < JUST_NOW_S;
  if (shift !== null && now.split(". ")[0] !== shift && now !== NOBODY_HERE && heardAt && !heardJustNow) testAgain("A shift has begun. Did you hear three notes?");
  shift = now.split(". ")[0];
  if (heardS && tablet && tablet.now - heardS > TESTED_S) testAgain("It is long since anybody heard this tablet. Did you hear three notes?");
  if (!said || said.textContent === (now || "Shifts")) return;
  said.textContent = now || "Shifts";
  said.parentElement.toggleAttribute("data-doubt", now === NOBODY_HERE);
}

/** Whoever is here now hears this tablet once: it counts as before until they say that they did not. */
function testAgain(why) {
  heardAt = "";
  byId("heard-what").textContent = why;
  showSound();
}

function countDown(now) {
  for (const item of [...rows.list().filter(({ paused, item: it }) => paused || it.hasAttribute("data-counts")).map(({ item }) => item), ...notices.list()]) {
    const until = Number(item.dataset.paused);
    const left = Math.max(0, Math.ceil(until - now));
    item.toggleAttribute("data-counts", Boolean(until && left));
    const text = until && left ? `Sound paused for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
    if (item.querySelector(".paused").textContent !== text) item.querySelector(".paused").textContent = text;
  }
}

/** `anew`: somebody has just begun to need you, whoever else does already. */
function ring(anew = false) {
  const people = rows.list();
  sound.alert(people.some(({ sounds }) => sounds === "alert"), anew);
  if (state !== "lost" && !people.some(({ sounds }) => sounds === "lost")) sound.seen();
}

function onState(now, silence, isUnreadable = false, cut = false) {
  unreadable = isUnreadable;
  if (unreadable) byId("renewed").hidden = false;
  byId("live").textContent = now === "live" ? (clock ? "Live" : "Connecting") : `${cut ? "Cut off. " : ""}Heard ${Math.floor(silence)} s ago`;
  byId("live").parentElement.dataset.live = now;
  if (now === "lost") countLost(silence);
  if (now === state) return;
  if (now === "lost") {
    document.querySelector("dialog[open]")?.close("");   // no question is of use now
    showLost(rows.list(), clock, signedOut ? "signed out" : unreadable ? "renewed" : "");
    sound.lost();
  } else if (state === "lost") {
    hideLost();
    sound.seen();
  }
  state = now;
}

const saying = {};

function say(kind, text) {
  clearTimeout(saying[kind]);
  byId(`say-${kind}`).textContent = text;
  saying[kind] = setTimeout(() => { byId(`say-${kind}`).textContent = ""; }, NEWS_MS);
}

/* ---- who asks ---- */

/** The session has ended, or never was: say so at once, and look whether the tablet may watch by itself. What is known goes
 *  on sounding. */
async function onSignedOut() {
  const who = await asWhom();
  if (who) {
    become(who);
    if (watch.closed) watch.connect();
    return;
  }
  if (who === undefined || signedOut) return;      // no answer: that is another matter
  signedOut = true;
  byId("signed-out").hidden = false;
  if (state === "lost") showLost(rows.list(), clock, "signed out");
}

function onSignedIn() {
  signedOut = false;
  byId("signed-out").hidden = true;
  onAnother();
}

/** Somebody else asks from here: nobody acts in the name of who has gone. */
async function onAnother() {
  const who = await asWhom();
  if (who) become(who);
}

/** Who asks from here: null for nobody, undefined where the server does not say. */
async function asWhom() {
  try {
    const answer = await fetch("/who", { headers: { accept: "application/json" }, signal: AbortSignal.timeout(SEND_MS) });
    if (answer.status === 401) return null;
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

function become({ kind, name }) {
  picker.me = kind === "person" ? name : "";
  byId("me").hidden = !picker.me;
  byId("me").querySelector(".fact-now").textContent = picker.me;
  hands.show();
}

/* ---- what is done over the board ---- */

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-over]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (link.matches(".page") && rows.moving) return;
  sheet.open(link.getAttribute("href"));
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
  fact.querySelector(".fact-now").textContent = mutedUntilS ? "muted" : heardAt ? `heard ${heardAt}` : able ? "on" : "off";
  if (!able) heardS = null;
  byId("muted").hidden = !mutedUntilS;
  byId("muted-until").textContent = mutedUntilS ? `until ${time(mutedUntilS)}` : "";
  sound.muted = Boolean(mutedUntilS);
}

function time(seconds) {
  const [hours, minutes] = clock.split(":").map(Number);
  const at = hours * 60 + minutes + Math.round((seconds - (tablet?.now ?? seconds)) / 60);
  return `${String(Math.floor(at / 60) % 24).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
}

async function turnSoundOn() {
  await sound.unlock();
  sound.test();
}

onTap("sound-on", turnSoundOn);
onTap("sound-again", turnSoundOn);
onTap("sound", () => (sound.able && tablet ? askOfSound() : turnSoundOn()));

async function askOfSound() {
  byId("voice-note").textContent = "";
  const what = await voice.ask();
  if (what === "test") return turnSoundOn();
  const by = what && (await hands.who("It goes to this name."));
  if (!by) return;
  try {
    if (what === "push") await bringMessages(by);
    else await tablet.mute(by, `Muted on the tablet for ${what} min`, tablet.now + 60 * Number(what));
    tablet.beat(true);
  } catch (error) {
    askOfSound();
    byId("voice-note").textContent = error.message;
  }
}

/** Whoever closes the page before the server knows of this browser is sent nothing: say so, and when it does. */
async function bringMessages(by) {
  askOfSound();
  byId("voice-note").textContent = "One moment: leave this page open.";
  await subscribe(by, tablet);
  messages = await subscribed();
  byId("voice-note").textContent = `Messages for ${by} come here from now on, also while this page is closed.`;
}

onTap("unmute", async () => {
  await sound.unlock();
  const by = await hands.who("The sound comes back.");
  if (by) await tablet.unmute(by);
});
onTap("sound-heard", () => {
  heardAt = clock.slice(0, 5);
  byId("heard-what").textContent = "Did you hear three notes?";
  heardS = tablet?.now ?? null;
  showSound();
  tablet?.beat(true);
});

for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, () => {
    sound.seen();
    if (tablet && state !== "lost") for (const { matter } of rows.list()) tablet.note(matter, "seen");
    if (state === "lost") sound.alert(false);   // somebody is here and reads that nobody had it; it rings again with the server
  }, { passive: true });
}

/* ---- this tablet ---- */

function howItIs() {
  return {
    foreground: !document.hidden && document.hasFocus() && state !== "lost",
    able: sound.able,
    tested_s: heardS,
    push: messages,
    carer: picker.name,
  };
}

function onAnswer(answer) {
  unheard = answer ? 0 : unheard + 1;
  byId("deaf").hidden = unheard < DEAF_BEATS || state === "lost";
  if (!answer) return;
  mutedUntilS = answer.muted_until_s;
  showSound();
}

if (cares) {
  tablet = new Tablet(howItIs, onAnswer);
  register().then(subscribed).then((they) => { messages = they; });
  const awake = new Awake((held) => { byId("awake").hidden = held; });
  onTap("keep-awake", () => awake.hold());
  document.addEventListener("visibilitychange", account);
}

/* ---- go ---- */

const watch = new Watch("/events", { row: onRow, beat: onBeat, "signed-out": onSignedOut, another: onAnother }, onState, onSignedOut);
setInterval(() => { if (signedOut) watch.connect(); }, SIGNED_OUT_MS);
for (const id of ["renew", "lost-renew"]) onTap(id, () => location.reload());
onTap("lost-retry", () => watch.connect());
hands.show();
showSound();
showPlans();
ring();
