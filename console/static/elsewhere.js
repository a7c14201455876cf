/* Alerts that are out of sight in; a strip that says whose they are, wherever one looks, out: over a dialog that lies over
   the board, and at the foot of a board whose rows do not all fit. */

function names(people) {
  const last = people.at(-1).name;
  return people.length > 1 ? `${people.slice(0, -1).map(({ name }) => name).join(", ")} and ${last}` : last;
}

export class Elsewhere {
  #template;
  #foot;
  #rows;
  #over = new Map();        // whose alerts came while a dialog lay over the board

  /** `rows` are the board's, `foot` the button that leads to those out of sight. */
  constructor(template, foot, rows) {
    this.#template = template;
    this.#foot = foot;
    this.#rows = rows;
    foot.addEventListener("click", () => this.#go());
    document.addEventListener("scroll", () => this.look(), { passive: true, capture: true });
    new ResizeObserver(() => this.look()).observe(document.querySelector("main"));
  }

  /** Somebody's alert came: say it over the dialog too, since what lies under it is neither seen nor read out. */
  raised({ wearer, name }) {
    const dialog = document.querySelector("dialog[open]");
    if (!dialog) return;
    let strip = dialog.querySelector(".over-alert");
    if (!strip) {
      this.#over.clear();
      strip = this.#template.content.firstElementChild.cloneNode(true);
      strip.addEventListener("click", () => dialog.close(""));
      dialog.addEventListener("close", () => { strip.remove(); this.#over.clear(); }, { once: true });
      dialog.prepend(strip);
    }
    this.#over.set(wearer, { name });
    this.#say(strip);
  }

  /** Somebody has it, or it is over: it is no longer said. */
  ended({ wearer }) {
    if (!this.#over.delete(wearer)) return;
    const strip = document.querySelector("dialog[open] .over-alert");
    if (this.#over.size) this.#say(strip);
    else strip?.remove();
  }

  /** Say whose buttons are out of sight now. */
  look() {
    const room = this.#foot.hidden ? 0 : this.#foot.offsetHeight;      // it may go only if all fit without it
    this.#foot.hidden = this.#hidden(room).length === 0;
    const hidden = this.#foot.hidden ? [] : this.#hidden();
    const text = hidden.length ? `${names(hidden)} may need you now` : "";
    const said = this.#foot.querySelector("span");
    if (said.textContent !== text) said.textContent = text;
  }

  #say(strip) {
    strip.querySelector("span").textContent = `${names([...this.#over.values()])} may need you now. Back to the board.`;
  }

  #hidden(room = 0) {
    const { top, bottom } = document.querySelector("main").getBoundingClientRect();
    return this.#rows.list().filter(({ risk, item }) => {
      if (risk !== "alert") return false;
      const tap = item.querySelector(".take").getBoundingClientRect();
      return tap.bottom > Math.min(bottom + room, innerHeight) + 1 || tap.top < Math.max(top, 0) - 1;
    });
  }

  #go() {
    const [first] = this.#hidden();
    if (!first) return;
    first.item.querySelector(".take").focus({ preventScroll: true });
    first.item.querySelector(".hands").scrollIntoView({ block: "end" });
    this.look();
  }
}
