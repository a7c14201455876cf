/* Row events in; the board's rows, patched in place, out. Nothing is ever replaced, so that focus stays where it is and
   no button goes away under a finger. The words are the server's: see console/rows.py. */

const SVG = "http://www.w3.org/2000/svg";

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function fill(list, values, make, put) {
  while (list.children.length > values.length) list.lastChild.remove();
  while (list.children.length < values.length) list.append(make());
  values.forEach((value, i) => put(list.children[i], value));
}

function lines(list, texts) {
  fill(list, texts, () => Object.assign(document.createElement("li"), { dir: "auto" }), write);
}

export class Rows {
  #board;
  #template;
  #nobody;
  #items = new Map();
  #made = 0;
  /** When a row last swelled or shrank [ms of the page]: what is tapped just after may not be what was meant. */
  movedAt = -Infinity;

  /** `nobody` is what is said where there is no row. */
  constructor(board, template, nobody) {
    this.#board = board;
    this.#template = template;
    this.#nobody = nobody;
    for (const item of board.children) this.#items.set(item.dataset.wearer, item);
  }

  /** Show `row`; return what happened to the person: "raised", "taken", "lost", "notice" or "" when nothing sounds. */
  show(row) {
    const item = this.#items.get(row.wearer) ?? this.#make(row);
    const was = { ...item.dataset };
    if (was.risk !== row.risk) this.movedAt = performance.now();
    Object.assign(item.dataset, { risk: row.risk, watch: row.watch, sounds: row.sounds, alert: row.alert_id,
      matter: (row.risk === "alert" ? row.alert : row.loss?.taken ? null : row.loss)?.matter_id ?? "", paused: row.alert?.snoozed_until_s ?? row.loss?.snoozed_until_s ?? "" });
    this.#beside(item, row);
    this.#words(item, row);
    this.#trend(item, row);
    const form = item.querySelector(".take-form");
    set(form, "action", `/alerts/${encodeURIComponent(row.alert_id)}/acknowledge`);
    if (was.alert !== row.alert_id) write(item.querySelector(".note"), "");
    this.#count();
    if (row.risk === "alert" && was.alert !== row.alert_id) return "raised";
    if (row.risk === "held" && was.risk === "alert") return "taken";
    return ["lost", "notice"].includes(row.sounds) && was.sounds !== row.sounds ? row.sounds : "";
  }

  /** Take away whoever is not among `wearers`. */
  keep(wearers) {
    for (const [wearer, item] of this.#items) {
      if (wearers.includes(wearer)) continue;
      item.remove();
      this.#items.delete(wearer);
    }
    this.#count();
  }

  /** The rows on the board as they stand, from the top. */
  list() {
    return [...this.#board.children].map((item) => ({
      ...item.dataset,
      name: item.querySelector(".name").textContent,
      word: item.querySelector(".word").textContent,
      hands: item.querySelector(".has").textContent,
      item,
    }));
  }

  #make(row) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const number = `new-${++this.#made}`;
    item.id = `row-${number}`;
    item.querySelector(".who").id = `who-${number}`;
    item.querySelector(".hands").setAttribute("aria-labelledby", `who-${number}`);
    item.dataset.wearer = row.wearer;
    const after = this.list().find(({ name }) => name.toLowerCase() > row.name.toLowerCase());
    this.#board.insertBefore(item, after?.item ?? null);
    this.#items.set(row.wearer, item);
    return item;
  }

  #words(item, row) {
    const texts = { name: row.name, lead: row.lead, word: row.word, why: row.why, badge: row.badge, has: row.hands,
      signal: row.signal, battery: row.battery };
    for (const [name, text] of Object.entries(texts)) write(item.querySelector(`.${name}`), text);
    item.querySelector(".who").classList.toggle("long", row.name.length > 9);
    set(item.querySelector(".bead use"), "href", `#g-${row.glyph}`);
  }

  /** What helps, and how far the alert has come: as text, whatever somebody wrote. */
  #beside(item, row) {
    const { alert } = row;
    item.querySelector(".more").hidden = !alert;
    item.querySelector(".over").hidden = row.risk !== "held" || !alert;
    set(item.querySelector(".over"), "href", `/alerts/${encodeURIComponent(alert?.matter_id ?? "")}/outcome`);
    item.querySelector(".snooze").hidden = !item.dataset.matter;
    item.querySelector(".see-to").hidden = !item.dataset.matter || row.risk === "alert";
    write(item.querySelector(".told"), row.told);
    write(item.querySelector(".terms"), alert?.terms ?? "");
    lines(item.querySelector(".helps"), alert?.plan.helps ?? []);
    lines(item.querySelector(".avoid"), alert?.plan.avoid ?? []);
    const help = item.querySelector(".help");
    help.hidden = !alert || alert.plan.helps.length + alert.plan.avoid.length === 0;
    const chain = item.querySelector(".chain");
    fill(chain, alert?.chain ?? [], () => {
      const stage = document.createElement("li");
      stage.append(document.createElement("strong"), " ", document.createElement("span"));
      return stage;
    }, (stage, { label, detail, done }) => {
      stage.classList.toggle("done", done);
      write(stage.firstChild, label);
      write(stage.lastChild, detail);
    });
  }

  #trend(item, { trend, risk }) {
    set(item.querySelector(".area"), "d", trend.area);
    set(item.querySelector(".ink"), "d", trend.ink);
    set(item.querySelector(".now-at"), "y", `${trend.now ?? 0}%`);
    set(item.querySelector(".now"), "r", trend.now === null ? "0" : "5");
    const hatching = item.querySelector(".unseen");
    while (hatching.children.length > trend.unseen.length) hatching.lastChild.remove();
    while (hatching.children.length < trend.unseen.length) hatching.append(document.createElementNS(SVG, "rect"));
    trend.unseen.forEach(([left, width], i) => {
      const rect = hatching.children[i];
      set(rect, "x", `${left}%`);
      set(rect, "width", `${width}%`);
      set(rect, "height", "100%");
      set(rect, "fill", risk === "alert" ? "url(#unseen-alert)" : "url(#unseen)");
    });
  }

  #count() {
    const open = [...this.#items.values()].filter((item) => item.dataset.risk === "alert").length;
    this.#nobody.hidden = this.#items.size > 0;
    set(this.#board, "data-alerts", ["none", "one"][open] ?? "many");
    const title = open ? `Board: ${open} alert${open > 1 ? "s" : ""} · Forecalm` : "Board · Forecalm";
    if (document.title !== title) document.title = title;
  }
}
