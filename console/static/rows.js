/* Row events in; the board's rows, patched in place, out. Nothing is ever replaced, so that focus stays where it is and
   no button goes away under a finger. The words are the server's: see console/rows.py. Of every row its parts are kept, and
   what it says, so that a thousand rows cost a board no more than the one that changes. */

const SVG = "http://www.w3.org/2000/svg";
const SETTLE_MS = 400;    // a tap this soon after the rows moved was meant for something else
const CROWD = 60;         // rows that no screen shows at once: what is out of sight need not be laid out
const PARTS = { name: ".name", lead: ".lead", word: ".word", why: ".why", badge: ".bead .badge", has: ".has", signal: ".signal",
  battery: ".battery", bead: ".bead use", who: ".who", page: ".page", form: ".take-form", note: ".note", more: ".more", over: ".over",
  snooze: ".snooze", see: ".see-to", told: ".told", terms: ".terms", helps: ".helps", avoid: ".avoid", help: ".help", chain: ".chain",
  area: ".area", ink: ".ink", nowAt: ".now-at", now: ".now", unseen: ".unseen" };

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

function stage() {
  const item = document.createElement("li");
  item.append(document.createElement("strong"), " ", document.createElement("span"));
  return item;
}

export class Rows {
  #board;
  #template;
  #nobody;
  #people = new Map();
  #order = [];
  #made = 0;
  #movedAt = -Infinity;

  /** `nobody` is what is said where there is no row. */
  constructor(board, template, nobody) {
    this.#board = board;
    this.#template = template;
    this.#nobody = nobody;
    for (const item of board.children) this.#order.push(this.#known(item));
    this.#crowd();
  }

  /** Show `row`; return what happened to the person: "raised", "taken", "lost", "notice" or "" when nothing sounds. */
  show(row) {
    const person = this.#people.get(row.wearer) ?? this.#make(row);
    const was = { ...person };
    if (was.risk !== row.risk) this.#movedAt = performance.now();
    const now = { risk: row.risk, watch: row.watch, sounds: row.sounds, alert: row.alert_id,
      matter: (row.risk === "alert" ? row.alert : row.loss?.taken ? null : row.loss)?.matter_id ?? "",
      paused: String(row.alert?.snoozed_until_s ?? row.loss?.snoozed_until_s ?? "") };
    Object.assign(person, now);
    for (const [name, value] of Object.entries(now)) set(person.item, `data-${name}`, value);
    this.#beside(person, row);
    this.#words(person, row);
    this.#trend(person, row);
    set(person.parts.form, "action", `/alerts/${encodeURIComponent(row.alert_id)}/acknowledge`);
    if (was.alert !== row.alert_id) write(person.parts.note, "");
    if (was.risk !== row.risk) this.#count();
    if (row.risk === "alert" && was.alert !== row.alert_id) return "raised";
    if (row.risk === "held" && was.risk === "alert") return "taken";
    return ["lost", "notice"].includes(row.sounds) && was.sounds !== row.sounds ? row.sounds : "";
  }

  /** Take away whoever is not among `wearers`. */
  keep(wearers) {
    const stay = new Set(wearers);
    if (wearers.length === this.#people.size && this.#order.every(({ wearer }) => stay.has(wearer))) return;
    for (const person of this.#order.filter(({ wearer }) => !stay.has(wearer))) {
      person.item.remove();
      this.#people.delete(person.wearer);
    }
    this.#order = this.#order.filter(({ wearer }) => stay.has(wearer));
    this.#crowd();
    this.#count();
  }

  /** Whether a row has just swelled or shrunk: what is tapped now may not be what was meant. */
  get moving() {
    return performance.now() - this.#movedAt < SETTLE_MS;
  }

  /** The people on the board as they stand, from the top: what their rows say, and the `item` that says it. */
  list() {
    return this.#order;
  }

  #known(item) {
    const parts = Object.fromEntries(Object.entries(PARTS).map(([name, where]) => [name, item.querySelector(where)]));
    const { wearer, risk, watch, sounds, alert, matter, paused } = item.dataset;
    const person = { wearer, risk, watch, sounds, alert, matter, paused, item, parts, name: parts.name.textContent,
      word: parts.word.textContent, hands: parts.has.textContent };
    this.#people.set(wearer, person);
    return person;
  }

  #make(row) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const number = `new-${++this.#made}`;
    item.id = `row-${number}`;
    item.querySelector(".who").id = `who-${number}`;
    item.querySelector(".hands").setAttribute("aria-labelledby", `who-${number}`);
    item.dataset.wearer = row.wearer;
    const person = this.#known(item);
    const place = this.#place(row.name.toLowerCase());
    this.#board.insertBefore(item, this.#order[place]?.item ?? null);
    this.#order.splice(place, 0, person);
    person.name = row.name;
    this.#crowd();
    return person;
  }

  /** Where a name belongs: behind all that come before it. */
  #place(name) {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle].name.toLowerCase() > name) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #words(person, row) {
    const { parts } = person;
    const texts = { name: row.name, lead: row.lead, word: row.word, why: row.why, badge: row.badge, has: row.hands,
      signal: row.signal, battery: row.battery };
    for (const [name, text] of Object.entries(texts)) write(parts[name], text);
    Object.assign(person, { name: row.name, word: row.word, hands: row.hands });
    parts.who.classList.toggle("long", row.name.length > 9);
    set(parts.bead, "href", `#g-${row.glyph}`);
    set(parts.page, "href", row.alert ? `/alerts/${encodeURIComponent(row.alert.matter_id)}` : `/people/${encodeURIComponent(row.wearer)}`);
  }

  /** What helps, and how far the alert has come: as text, whatever somebody wrote. */
  #beside({ parts, matter }, row) {
    const { alert } = row;
    parts.more.hidden = !alert;
    parts.over.hidden = row.risk !== "held" || !alert;
    parts.snooze.hidden = !matter;
    parts.see.hidden = !matter || row.risk === "alert";
    set(parts.over, "href", `/alerts/${encodeURIComponent(alert?.matter_id ?? "")}/outcome`);
    write(parts.told, row.told);
    if (!alert && !parts.chain.firstChild) return;
    write(parts.terms, alert?.terms ?? "");
    lines(parts.helps, alert?.plan.helps ?? []);
    lines(parts.avoid, alert?.plan.avoid ?? []);
    parts.help.hidden = !alert || alert.plan.helps.length + alert.plan.avoid.length === 0;
    fill(parts.chain, alert?.chain ?? [], stage, (item, { label, detail, done }) => {
      item.classList.toggle("done", done);
      write(item.firstChild, label);
      write(item.lastChild, detail);
    });
  }

  #trend({ parts }, { trend, risk }) {
    set(parts.area, "d", trend.area);
    set(parts.ink, "d", trend.ink);
    set(parts.nowAt, "y", `${trend.now ?? 0}%`);
    set(parts.now, "r", trend.now === null ? "0" : "5");
    fill(parts.unseen, trend.unseen, () => document.createElementNS(SVG, "rect"), (rect, [left, width]) => {
      set(rect, "x", `${left}%`);
      set(rect, "width", `${width}%`);
      set(rect, "height", "100%");
      set(rect, "fill", risk === "alert" ? "url(#unseen-alert)" : "url(#unseen)");
    });
  }

  #crowd() {
    this.#board.toggleAttribute("data-crowd", this.#order.length > CROWD);
    this.#nobody.hidden = this.#order.length > 0;
  }

  #count() {
    const open = this.#order.filter(({ risk }) => risk === "alert").length;
    set(this.#board, "data-alerts", ["none", "one"][open] ?? "many");
    const title = open ? `Board: ${open} alert${open > 1 ? "s" : ""} · Forecalm` : "Board · Forecalm";
    if (document.title !== title) document.title = title;
  }
}
