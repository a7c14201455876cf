/* A tap in, the name of whoever tapped out: asked once, then remembered on this tablet for the length of a long shift. */

const KEY = "forecalm.name";
const REMEMBER_MS = 12 * 3600 * 1000;

export class Picker {
  #dialog;
  #answer = null;
  /** Who has signed in here, "" for nobody: then nobody is asked. */
  me;

  constructor(dialog, me) {
    this.#dialog = dialog;
    this.me = me;
    const input = dialog.querySelector("input");
    const typed = dialog.querySelector("#picker-typed");
    input.addEventListener("input", () => { typed.value = input.value.trim(); });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;   // or the browser would press the first name on the list
      event.preventDefault();
      if (typed.value) typed.click();
    });
    dialog.addEventListener("close", () => {
      const name = dialog.returnValue;
      input.value = typed.value = "";
      if (name) this.#remember(name);
      this.#answer?.(name);
      this.#answer = null;
    });
  }

  /** The name that this tablet knows, or "". */
  get name() {
    if (this.me) return this.me;
    try {
      const { name, at } = JSON.parse(localStorage.getItem(KEY)) ?? {};
      return name && Date.now() - at < REMEMBER_MS ? name : "";
    } catch {
      return "";   // storage is off or holds something else: ask
    }
  }

  /** Ask who is there, saying `why`; resolves to the name, or "" when nobody answered. */
  ask(why) {
    if (this.me) return Promise.resolve(this.me);
    this.#dialog.querySelector("#picker-for").textContent = why;
    this.#answer?.("");
    this.#dialog.returnValue = "";
    if (!this.#dialog.open) this.#dialog.showModal();
    return new Promise((resolve) => { this.#answer = resolve; });
  }

  #remember(name) {
    try {
      localStorage.setItem(KEY, JSON.stringify({ name, at: Date.now() }));
    } catch {
      // storage is off: it is asked again next time
    }
  }
}
