/* The address of a page in; its forms over the board out, so that the board goes on watching and sounding meanwhile. */

const SEND_MS = 8000;
const STATES = { alert: "open", held: "held" };
const BARE = ["/static/office.css"];      // of pages of staff by themselves: the board has a dress of its own

export class Sheet {
  #dialog;
  #name;
  #onopen;
  #ask;

  /** `name()` is who uses this tablet, "" where nobody has said so, and `ask(why)` asks for it; `onopen()` is told when
   *  something begins to lie over the board. */
  constructor(dialog, name, ask, onopen) {
    this.#dialog = dialog;
    this.#name = name;
    this.#ask = ask;
    this.#onopen = onopen;
    dialog.querySelector(".later").addEventListener("click", () => dialog.close());
    dialog.addEventListener("submit", (event) => {
      if (event.target.method === "dialog") return;
      event.preventDefault();
      this.#send(event.target, event.submitter);
    });
  }

  /** Show what the page at `href` shows; where it does not come, go there. */
  async open(href) {
    try {
      await this.#show(await fetch(href, { signal: AbortSignal.timeout(SEND_MS) }), href);
    } catch {
      location.href = href;
    }
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  /** Draw the alert anew that is shown, if somebody has taken it meanwhile or it is over. */
  look({ wearer, risk, alert_id }) {
    const shown = this.#dialog.open && this.#dialog.querySelector(".urgent");
    if (!shown || shown.dataset.wearer !== wearer) return;
    const another = risk === "alert" && alert_id !== shown.dataset.alert;
    if (!another && (STATES[risk] ?? "over") !== shown.dataset.state) this.open(this.#dialog.dataset.href);
  }

  async #show(answer, href) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    await this.#style(page);
    this.#dialog.dataset.href = href;
    this.#dialog.toggleAttribute("data-full", main.hasAttribute("data-full"));
    this.#dialog.querySelector("h2").textContent = page.querySelector("h1").textContent;
    this.#dialog.querySelector(".over-body").replaceChildren(...main.childNodes);
    if ([401, 403].includes(answer.status)) this.#lead(href);
    const as = this.#dialog.querySelector(".urgent .as");
    if (as && !as.textContent && this.#name()) as.textContent = `as ${this.#name()}`;
    for (const link of this.#dialog.querySelectorAll(".over-body .later")) {
      link.addEventListener("click", (event) => { event.preventDefault(); this.close(); });
    }
    for (const select of this.#dialog.querySelectorAll("select[data-by]")) this.#preset(select);
    this.#note("");
    this.#dialog.scrollTop = 0;
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#onopen();
  }

  /** What the page is drawn with, as far as this one is not. */
  async #style(page) {
    const known = new Set([...document.querySelectorAll("link[rel=stylesheet]")].map((link) => link.getAttribute("href")));
    const fresh = [...page.querySelectorAll("link[rel=stylesheet]")].filter((link) => !known.has(link.getAttribute("href")) && !BARE.includes(link.getAttribute("href")));
    await Promise.all(fresh.map((link) => new Promise((done) => {
      const here = document.createElement("link");
      Object.assign(here, { rel: "stylesheet", href: link.getAttribute("href"), onload: done, onerror: done });
      document.head.append(here);
    })));
  }

  /** It is not for who asks, or nobody has signed in: say how. */
  #lead(href) {
    const link = document.createElement("a");
    Object.assign(link, { className: "btn btn-act btn-solid", href: `/sign-in?next=${encodeURIComponent(href)}`, textContent: "Sign in" });
    this.#dialog.querySelector(".over-body").append(link);
  }

  /** Whoever uses this tablet says it: the name it knows, or whoever has the alert. */
  #preset(select) {
    const name = this.#name();
    if (!name) return;
    if (![...select.options].some(({ value }) => value === name)) select.append(new Option(name));
    select.value = name;
  }

  async #send(form, submitter) {
    if (!form.noValidate && !form.reportValidity()) return;
    const said = new FormData(form, submitter);
    const takes = form.matches(".take-form");
    if (takes) {
      const by = this.#name() || (await this.#ask("You are taking this alert."));
      if (!by) return;
      said.set("by", by);
    }
    this.#note("Sending…");
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST",
        headers: { accept: "text/html" },
        body: new URLSearchParams(said),
        signal: AbortSignal.timeout(SEND_MS),
      });
      if (answer.status === 422 && answer.headers.get("content-type")?.includes("html") && form.noValidate) {
        await this.#show(answer, this.#dialog.dataset.href);      // what was typed is kept, with what is wrong beside it
      } else if (!answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        this.#fail([...page.querySelectorAll("h1, h1 + p")].map(({ textContent }) => textContent).join(". "));
      } else if (!this.#dialog.open) {
        return;                                                       // whoever went back to the board stays there
      } else if (takes) {
        await this.open(this.#dialog.dataset.href);
      } else if (new URL(answer.url).pathname === "/") {
        this.close();
      } else {
        await this.#show(answer, answer.url);
      }
    } catch {
      this.#fail("Not sent, nothing is kept yet. Please tap again.");
    }
  }

  /** Say what was not done, also to whoever has gone back to the board and believes that it was. */
  #fail(text) {
    this.#note(text);
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#onopen();
  }

  #note(text) {
    for (const note of this.#dialog.querySelectorAll(".over-body .note, :scope > .note")) note.textContent = text;
  }
}
