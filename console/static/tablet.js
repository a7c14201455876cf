/* How this tablet is in; its heartbeats at the server, its key, and its receipts (receipts.js) out. */

import { kept, write } from "./kept.js";
import { Receipts } from "./receipts.js";

const BEAT_MS = 5000;
const SEND_MS = 4000;
const KEY = "forecalm.tablet";
const NOT_THIS = "That key is not this tablet's";     // console/api/here.py: then it registers anew; signed out it does not

/* Windows of one browser share this tablet's key: the server believes the best of them. (randomUUID needs https.) */
const PAGE = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Tablet {
  #state;
  #onanswer;
  #ahead = 0;               // server's clock minus ours [s]
  #registering = null;
  #receipts = new Receipts((these) => this.#post("receipts", these), () => this.now);

  /** `state()` is {foreground, able, tested_s, push, carer}; `onanswer(answer or null)` is told how the server took a beat. */
  constructor(state, onanswer) {
    this.#state = state;
    this.#onanswer = onanswer;
    setInterval(() => this.beat(), BEAT_MS);
    for (const [where, what] of [[document, "visibilitychange"], [window, "focus"], [window, "blur"]]) {
      where.addEventListener(what, () => this.beat(true));
    }
    this.beat();
  }

  /** The server's time as far as it is known here [UTC s]. */
  get now() {
    return Date.now() / 1000 + this.#ahead;
  }

  set now(seconds) {
    this.#ahead = seconds - Date.now() / 1000;
  }

  /** Say how this tablet is; one that is hidden says so once and is then silent, because it may be asleep. */
  async beat(changed = false) {
    const state = this.#state();
    if (document.hidden && !changed) return;
    try {
      const answer = await this.#post("beat", { ...state, page: PAGE });
      this.#onanswer(answer.ok ? await answer.json() : null);
    } catch {
      this.#onanswer(null);
    }
    this.#receipts.flush();
  }

  /** Tell that matter `id` came to `station` here; the second time nothing happens. */
  note(id, station) {
    this.#receipts.note(id, station);
  }

  /** Whether matter `id` came to `station` here before. */
  has(id, station) {
    return this.#receipts.has(id, station);
  }

  async mute(by, reason, until_s) {
    return this.#told(await this.#post("mute", { by, reason, until_s }));
  }

  async unmute(by) {
    return this.#told(await this.#post("unmute", { by }));
  }

  /** This tablet's id and its key, asked for once. */
  async known() {
    const known = kept(KEY, null);
    if (known?.tablet && known.key) return known;
    this.#registering ??= this.#register().finally(() => { this.#registering = null; });
    return this.#registering;
  }

  async #register() {
    const answer = await fetch("/api/v1/tablets", { method: "POST", signal: AbortSignal.timeout(SEND_MS) });
    if (!answer.ok) throw new Error("not registered");
    const known = await answer.json();
    write(KEY, known);
    return known;
  }

  async #post(what, body) {
    const { tablet } = await this.known();
    return this.ask(`/api/v1/tablets/${encodeURIComponent(tablet)}/${what}`, body);
  }

  /** Ask the server something as this tablet; with a body it is an act. */
  async ask(where, body) {
    const known = await this.known();
    share(known).catch(() => {});   // without it the service worker shows, and proves nothing
    const answer = await fetch(where, {
      method: body ? "POST" : "GET",
      headers: { "content-type": "application/json", accept: "application/json", authorization: `Tablet ${known.tablet}.${known.key}` },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(SEND_MS),
      keepalive: Boolean(body),
    });
    if (answer.status === 403 && (await title(answer)) === NOT_THIS) write(KEY, null);   // another server, another secret
    return answer;
  }

  async #told(answer) {
    const facts = await answer.json();
    if (!answer.ok) throw new Error(facts.detail);
    this.beat();
    return facts;
  }
}

async function title(answer) {
  try {
    return (await answer.clone().json()).title;
  } catch {
    return "";
  }
}

let shared = "";

/** Let the service worker have the key too: it proves by itself what it shows while no page is open. */
async function share(known) {
  if (shared === known.key || !("caches" in window)) return;
  shared = known.key;
  await (await caches.open("forecalm.tablet")).put("/tablet", new Response(JSON.stringify(known)));
}
