/* What the house should know in; strips that say it, each kept in place while it stands, out. */

const NOBODY = "uncovered";   // its way out is a shift

export class Notices {
  #list;
  #template;
  #onnew;

  /** `onnew(text)` is told of each that is new, and again when the pause of its sound has ended. */
  constructor(list, template, onnew) {
    this.#list = list;
    this.#template = template;
    this.#onnew = onnew;
  }

  show(notices) {
    for (const strip of this.list()) {
      if (!notices.some(({ matter_id }) => matter_id === strip.dataset.matter)) strip.remove();
    }
    for (const notice of notices) this.#put(notice);
  }

  list() {
    return [...this.#list.children];
  }

  #put({ matter_id, kind, text, snoozed_until_s, can_snooze, taken }) {
    let strip = this.list().find(({ dataset }) => dataset.matter === matter_id);
    const again = strip?.dataset.paused && !snoozed_until_s;
    const fresh = !strip;
    if (fresh) {
      strip = this.#template.content.firstElementChild.cloneNode(true);
      strip.dataset.matter = matter_id;
      strip.querySelector("a").hidden = kind !== NOBODY;
      this.#list.append(strip);
    }
    strip.dataset.paused = snoozed_until_s ?? "";
    for (const button of strip.querySelectorAll(".snooze-notice, .see-to")) button.hidden = !can_snooze;
    const who = strip.querySelector(".seen-to");
    if (who.textContent !== taken) who.textContent = taken;
    const said = strip.querySelector("strong");
    if (said.textContent !== text) said.textContent = text;
    strip.setAttribute("aria-label", text);
    if (fresh || again) this.#onnew(text, Boolean(snoozed_until_s));
  }
}
