/* Beats in; whether this tablet is watching out: "live" up to 5 s after a beat, "behind" up to 15 s or as soon as the
   browser knows that it is cut off, then "lost". It tries again every 5 s by itself, because a browser gives up where a
   connection only looks open. */

const LIVE_S = 5;
const LOST_S = 15;
const RETRY_S = 5;
const LOOK_MS = 250;

export class Watch {
  #url;
  #listeners;
  #onstate;
  #source = null;
  #failed = null;
  #cut = false;
  #heard = Watch.#now();
  #tried = 0;
  #onrefused;

  /** `listeners` maps event names to functions of their data; `onstate(state, silence [s], unreadable, cut)` is called four
   *  times a second: `unreadable` is whether the server speaks and this page does not understand, `cut` whether the browser
   *  knows that there is no connection. `onrefused()` is told when the server answered, and gave no stream. */
  constructor(url, listeners, onstate, onrefused = () => {}) {
    this.#url = url;
    this.#listeners = listeners;
    this.#onstate = onstate;
    this.#onrefused = onrefused;
    this.connect();
    setInterval(() => this.#look(), LOOK_MS);
    document.addEventListener("visibilitychange", () => this.#look());
    window.addEventListener("offline", () => this.#cutOff());
    window.addEventListener("online", () => this.connect());
  }

  connect() {
    this.#source?.close();
    this.#tried = performance.now();
    const source = new EventSource(this.#url);
    for (const [name, listener] of Object.entries(this.#listeners)) {
      source.addEventListener(name, (event) => {
        try {
          listener(JSON.parse(event.data));
        } catch (error) {
          this.#failed = source;   // this page cannot show what the server says, as after an upgrade: it watches nothing
          console.error(error);
        }
        if (name === "beat" && this.#failed !== source) {
          this.#heard = Watch.#now();
          this.#cut = false;
          this.#look();
        }
      });
    }
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      this.#cutOff();
      if (source.readyState === EventSource.CLOSED) this.#onrefused();
    });
    this.#source = source;
  }

  /** Whether the browser has given up on the stream. */
  get closed() {
    return this.#source.readyState === EventSource.CLOSED;
  }

  #cutOff() {
    this.#cut = true;
    this.#look();
  }

  #look() {
    const silence = this.#silence();
    if (silence > LIVE_S && performance.now() - this.#tried > RETRY_S * 1000) this.connect();
    const state = silence > LOST_S ? "lost" : this.#cut || silence > LIVE_S ? "behind" : "live";
    this.#onstate(state, silence, this.#failed === this.#source, this.#cut);
  }

  /** Two clocks, because the page's own may stand still while the tablet sleeps. */
  #silence() {
    const now = Watch.#now();
    return Math.max(now.page - this.#heard.page, now.wall - this.#heard.wall) / 1000;
  }

  static #now() {
    return { page: performance.now(), wall: Date.now() };
  }
}
