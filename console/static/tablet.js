/* What happens on this tablet in; its heartbeats and receipts at the server out. A receipt says what really happened here
   and when; it is kept until the server has it, and each is sent once however often the stream begins anew. */

const BEAT_MS = 5000;
const SEND_MS = 4000;
const SOON_MS = 500;
const AT_ONCE = 100;         // receipts in one message
const KEPT = 300;            // matters this tablet still knows that it has shown
const STATIONS = ["on the tablet", "sounded", "seen"];
const KEY = "forecalm.tablet";
const WAITING = "forecalm.receipts";
const DONE = "forecalm.shown";
const UNKNOWN_S = 60;        // an alert comes here before its delivery has begun: a receipt may be too early to be known

/* Windows of one browser share this tablet's key: the server believes the best of them. (randomUUID needs https.) */
const PAGE = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const memory = {};

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;   // storage is off, or holds something else
  }
}

function write(key, value) {
  memory[key] = value;
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // storage is off: this page remembers, the next one registers anew
  }
}

const kept = (key, otherwise) => read(key, memory[key] ?? otherwise);

export class Tablet {
  #state;
  #onanswer;
  #ahead = 0;               // server's clock minus ours [s]
  #sending = false;
  #registering = null;

  /** `state()` is {foreground, able, tested_s, push, carer}; `onanswer(answer or null)` is told how the server took a beat. */
  constructor(state, onanswer) {
    this.#state = state;
    this.#onanswer = onanswer;
    setInterval(() => this.beat(), BEAT_MS);
    for (const [where, what] of [[document, "visibilitychange"], [window, "focus"], [window, "blur"]]) {
      where.addEventListener(what, () => this.beat(true));
    }
    window.addEventListener("online", () => this.flush());
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
    this.flush();
  }

  /** Keep that matter `id` came to `station` here, and send it at once; the second time nothing happens. */
  note(id, station) {
    const done = kept(DONE, {});
    if (!id || done[id]?.includes(station)) return;
    if (station === "seen" && !done[id]?.includes(STATIONS[0])) return;
    done[id] = [...(done[id] ?? []), station];
    write(DONE, Object.fromEntries(Object.entries(done).slice(-KEPT)));
    write(WAITING, [...kept(WAITING, []), { matter_id: id, station, at_s: this.now }]);
    this.flush();
  }

  /** Whether matter `id` came to `station` here before. */
  has(id, station) {
    return Boolean(kept(DONE, {})[id]?.includes(station));
  }

  async flush() {
    const waiting = kept(WAITING, []);
    if (this.#sending || !waiting.length) return;
    this.#sending = true;
    let sent = false;
    let unknown = [];
    try {
      const answer = await this.#post("receipts", waiting.slice(0, AT_ONCE));
      sent = answer.ok || [413, 422].includes(answer.status);   // what cannot be taken never can
      if (answer.ok) unknown = (await answer.json()).unknown ?? [];
    } catch {
      // the network is down: it goes with the next beat
    } finally {
      this.#sending = false;
    }
    if (!sent) return;
    const early = (it) => unknown.includes(it.matter_id) && this.now - it.at_s < UNKNOWN_S;
    const told = new Set(waiting.slice(0, AT_ONCE).filter((it) => !early(it)).map((it) => JSON.stringify(it)));
    write(WAITING, kept(WAITING, []).filter((it) => !told.has(JSON.stringify(it))));
    if (told.size) this.flush();
    else setTimeout(() => this.flush(), SOON_MS);
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
    if ([401, 403].includes(answer.status)) write(KEY, null);   // another server, another secret: register anew
    return answer;
  }

  async #told(answer) {
    const facts = await answer.json();
    if (!answer.ok) throw new Error(facts.detail);
    this.beat();
    return facts;
  }
}

let shared = "";

/** Let the service worker have the key too: it proves by itself what it shows while no page is open. */
async function share(known) {
  if (shared === known.key || !("caches" in window)) return;
  shared = known.key;
  await (await caches.open("forecalm.tablet")).put("/tablet", new Response(JSON.stringify(known)));
}
