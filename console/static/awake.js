/* A visible page in; a screen that stays on out, and whether it does: a tablet asleep is not one that can sound. */

export class Awake {
  #onchange;
  #lock = null;
  #asking = false;

  /** `onchange(held)` is told whether the screen is kept on. */
  constructor(onchange) {
    this.#onchange = onchange;
    document.addEventListener("visibilitychange", () => this.hold());
    document.addEventListener("pointerdown", () => this.hold(), { passive: true });
    this.hold();
  }

  async hold() {
    if (document.hidden || this.#asking || (this.#lock && !this.#lock.released)) return;
    this.#asking = true;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
      this.#lock.addEventListener("release", () => this.#tell());
    } catch {
      this.#lock = null;   // there is none here, or the battery is low
    } finally {
      this.#asking = false;
    }
    this.#tell();
  }

  #tell() {
    this.#onchange(Boolean(this.#lock && !this.#lock.released) || document.hidden);
  }
}
