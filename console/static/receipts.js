/* What matters came to on this tablet in; receipts at the server out. A receipt says what really happened here and when; it
   is kept until the server has it, and each is told once however often the stream begins anew. */

import { kept, write } from "./kept.js";

const SOON_MS = 500;
const LATER_MS = 8000;       // between two tries at the most: a server that comes back has everything soon
const AT_ONCE = 100;         // receipts in one message
const KEPT = 300;            // matters this tablet still knows that it has shown
const WAITING_MOST = 3 * KEPT;
const UNKNOWN_MS = 600000;   // an alert comes here before its delivery has begun: a receipt may be too early to be known
const STATIONS = ["on the tablet", "sounded", "seen"];
const WRONG = [400, 413, 422];   // sent again it is as wrong; whatever else goes wrong may pass
const WAITING = "forecalm.receipts";
const DONE = "forecalm.shown";

const waiting = () => kept(WAITING, []);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Receipts {
  #post;
  #now;
  #sending = false;
  #later = null;
  #waitMs = SOON_MS;
  #atOnce = AT_ONCE;
  #unknown = new Map();      // when the server first did not know of a matter [ms of the page]

  /** `post(receipts)` resolves to the server's answer, `now()` is the server's time [UTC s]. */
  constructor(post, now) {
    this.#post = post;
    this.#now = now;
    window.addEventListener("online", () => this.flush(true));
  }

  /** Keep that matter `id` came to `station` here, and send it at once; the second time nothing happens. */
  note(id, station) {
    const done = kept(DONE, {});
    if (!id || done[id]?.includes(station)) return;
    if (station === "seen" && !done[id]?.includes(STATIONS[0])) return;
    done[id] = [...(done[id] ?? []), station];
    write(DONE, Object.fromEntries(Object.entries(done).slice(-KEPT)));
    write(WAITING, [...waiting(), { matter_id: id, station, at_s: this.#now() }].slice(-WAITING_MOST));
    this.flush(true);
  }

  /** Whether matter `id` came to `station` here before. */
  has(id, station) {
    return Boolean(kept(DONE, {})[id]?.includes(station));
  }

  /** Send what waits; after a try that failed not before its time, unless `atOnce`. */
  async flush(atOnce = false) {
    if (this.#sending || (this.#later !== null && !atOnce)) return;
    clearTimeout(this.#later);
    this.#later = null;
    this.#sending = true;
    try {
      while (waiting().length && (await this.#send(waiting().slice(0, this.#atOnce)))) this.#waitMs = SOON_MS;
    } finally {
      this.#sending = false;
    }
    if (waiting().length) this.#again();
  }

  #again() {
    this.#later = setTimeout(() => { this.#later = null; this.flush(); }, this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LATER_MS);
  }

  /** Send these; resolves to whether some of them wait no more. One that the server calls wrong goes alone, so that it
   *  takes no other with it. */
  async #send(these) {
    let unknown = [];
    try {
      const answer = await this.#post(these);
      if (WRONG.includes(answer.status)) return this.#parted(these);
      if (!answer.ok) return false;
      unknown = (await answer.json()).unknown;      // only what was read to its end was taken
    } catch {
      return false;                                 // no network, no server, or half an answer
    }
    this.#atOnce = Math.min(2 * this.#atOnce, AT_ONCE);
    const early = these.filter(({ matter_id }) => unknown.includes(matter_id) && this.#early(matter_id));
    this.#forget(these);
    write(WAITING, [...waiting(), ...early]);       // behind the others: they hold up nobody
    return early.length < these.length;
  }

  #parted(these) {
    if (these.length === 1) this.#forget(these);
    this.#atOnce = Math.max(1, Math.floor(these.length / 2));
    return true;
  }

  #early(matter) {
    if (!this.#unknown.has(matter)) this.#unknown.set(matter, performance.now());
    return performance.now() - this.#unknown.get(matter) < UNKNOWN_MS;
  }

  #forget(these) {
    write(WAITING, waiting().filter((it) => !these.some((other) => same(it, other))));
  }
}
