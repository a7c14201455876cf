/* The board as it last stood in; the screen that says this tablet is not watching out. Needs nothing from the server. */

const byId = (id) => document.getElementById(id);

function lasting(seconds) {
  const whole = Math.floor(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

function entry(name, word) {
  const item = document.createElement("li");
  const strong = document.createElement("strong");
  strong.textContent = name;
  item.append(strong, ` ${word}`);
  return item;
}

function calm(names) {
  const item = document.createElement("li");
  item.className = "last-calm";
  const strong = document.createElement("strong");
  strong.textContent = "Nobody knows now.";
  item.append(`${names.join(", ")} ${names.length > 1 ? "were" : "was"} calm. `, strong);
  return item;
}

/** Show what was last heard of everybody; `people` are as Rows.list() gives them. `why` is "" where the server does not
 *  answer, "signed out" where it answers nobody here, "renewed" where it says what this page cannot read. */
export function showLost(people, clock, why = "") {
  byId("lost-at").textContent = why === "signed out" ? "Signed out" : why === "renewed" ? "The server has been renewed" : clock ? `Server lost at ${clock}` : "Server not reached yet";
  byId("lost-why").textContent = why === "signed out" ? "Sign in, and the board is back." : why === "renewed" ? "Load this page anew, then turn its sound on." : "";
  byId("lost-sign-in").hidden = why !== "signed out";
  byId("lost-renew").hidden = why !== "renewed";
  byId("lost-last").textContent = clock ? `Last heard, ${clock}` : "Nothing heard yet";
  const rest = people.filter(({ risk }) => risk !== "calm");
  const words = rest.map(({ name, risk, word }) => entry(name, risk === "alert" ? "alert, nobody had it" : word));
  const names = people.filter(({ risk }) => risk === "calm").map(({ name }) => name);
  byId("lost-people").replaceChildren(...words, ...(names.length ? [calm(names)] : []));
  byId("watching").hidden = true;
  byId("lost").hidden = false;
  document.title = "Not watching: server lost · Forecalm";
}

export function countLost(seconds) {
  const text = lasting(seconds);
  if (byId("lost-for").textContent !== text) byId("lost-for").textContent = text;
}

export function hideLost() {
  byId("lost").hidden = true;
  byId("watching").hidden = false;
}
