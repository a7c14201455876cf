/* Taps on rows and strips in; who takes, pauses or sees to what, told to the server and said beside it, out. */

import { Choice } from "./choice.js";

const NOTE_MS = 8000;     // long enough to be read
const SEND_MS = 5000;

const byId = (id) => document.getElementById(id);
const nameOn = (item) => item.querySelector(".name")?.textContent ?? "";

/** Say in `note` what came of what `send()` does. */
async function tell(note, send) {
  note.textContent = "Sending…";
  try {
    note.textContent = await send();
  } catch {
    note.textContent = "Not sent, nobody knows yet. Please tap again.";
  }
}

export function youHave(name, by) {
  return `You have ${name}, ${by}.`;
}

export class Hands {
  #rows;
  #picker;
  #say;
  #act;
  #pausing = new Choice(byId("snooze"));

  /** `say(text)` says what was done to whoever listens; `act(matter, what, body)` asks the server, as this tablet. */
  constructor(rows, picker, say, act) {
    this.#rows = rows;
    this.#picker = picker;
    this.#say = say;
    this.#act = act;
    byId("board").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tapped(event.target);
    });
    document.addEventListener("click", ({ target }) => {
      const button = target.closest(".not-me, .see-to, .snooze, .snooze-notice");
      const item = button?.closest(".row, .strip");
      if (!item) return;
      if (button.matches(".not-me")) this.#take(item.querySelector(".take-form"), true);
      else if (button.matches(".see-to")) this.#seeTo(item);
      else this.#pause(item);
    });
    byId("tablet").addEventListener("click", () => this.who("Alerts taken on this tablet go to this name.", true));
  }

  /** Who acts from here: the name that this tablet knows, unless it is asked `anew`, or what is answered to `why`; "" for
   *  nobody. */
  async who(why, anew = false) {
    const by = (!anew && this.#picker.name) || (await this.#picker.ask(why));
    this.show();
    return by;
  }

  /** Say in whose name a tap counts. */
  show() {
    const { name, me } = this.#picker;
    byId("tablet").hidden = Boolean(me);
    byId("tablet").querySelector(".fact-now").textContent = name || "nobody yet";
    for (const { item, risk } of this.#rows.list()) {
      if (risk !== "alert") continue;
      item.querySelector(".as").textContent = name ? `as ${name}` : "";
      const other = item.querySelector(".not-me");
      other.hidden = !name || Boolean(me);
      other.textContent = `Not ${name}?`;
    }
  }

  async #tapped(form) {
    if (form.querySelector("[aria-disabled]")) return;
    if (!this.#rows.moving) return this.#take(form);
    const note = form.closest(".row").querySelector(".note");
    note.textContent = "The rows moved just now. Please tap again.";
    setTimeout(() => { note.textContent = ""; }, NOTE_MS);
  }

  async #take(form, anew = false) {
    const item = form.closest(".row");
    const { action } = form;      // as it stood under the finger: a later alert is another one
    const by = await this.who(`You are taking ${nameOn(item)}.`, anew);
    if (!by) return;
    const button = form.querySelector(".take");
    button.setAttribute("aria-disabled", "true");
    await tell(item.querySelector(".note"), () => this.#send(action, by));
    button.removeAttribute("aria-disabled");
  }

  async #send(action, by) {
    const answer = await fetch(action, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams({ by }), signal: AbortSignal.timeout(SEND_MS) });
    const facts = await answer.json();
    if (!answer.ok) return `${facts.title}. ${facts.detail}`;
    const said = facts.by === by ? youHave(facts.name, by) : `${facts.by} took it first.`;
    this.#say(said);
    return said;
  }

  /** Ask why and for how long, and pause the sound of one matter. */
  async #pause(item) {
    const { matter, risk } = item.dataset;      // as they stood under the finger
    const name = nameOn(item);
    const kind = item.matches(".strip") ? "house" : risk === "alert" ? "alert" : "lost";
    const note = item.querySelector(kind === "house" ? ".paused" : ".note");
    byId("snooze-title").textContent = name ? `Why pause the sound for ${name}?` : "Why pause this sound?";
    const theirs = kind === "alert" ? `A new alert for ${name} still sounds. So does everybody else’s.` : "Every alert still sounds.";
    byId("snooze-what").textContent = `${theirs} Who is told next stays as it is.`;
    for (const pick of byId("snooze").querySelectorAll("[data-for]")) pick.hidden = !pick.dataset.for.split(" ").includes(kind);
    const minutes = await this.#pausing.ask(() => this.#pausing.reason ? "" : "Please say why first.");
    const by = minutes && (await this.who("You are pausing a sound."));
    if (!by) return;
    try {
      const answer = await this.#act(matter, "snooze", { by, reason: this.#pausing.reason, minutes: Number(minutes) });
      note.textContent = answer.ok ? "" : (await answer.json()).detail;
    } catch {
      note.textContent = "Not sent: it goes on sounding. Please tap again.";
    }
  }

  /** Take what is no alert: every board says who sees to it, and nobody else is told. */
  async #seeTo(item) {
    const { matter } = item.dataset;
    const name = nameOn(item);
    const by = await this.who(`You are seeing to it${name ? `: ${name}` : ""}.`);
    if (!by) return;
    await tell(item.querySelector(".note"), async () => {
      const answer = await this.#act(matter, "take", { by });
      const facts = await answer.json();
      if (!answer.ok) return facts.detail;
      this.#say(`${facts.by} is seeing to it.`);
      return facts.by === by ? "" : `${facts.by} was first.`;
    });
  }
}
