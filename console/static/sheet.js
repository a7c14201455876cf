/* The address of a page in; its forms over the board out, so that the board goes on watching and sounding meanwhile. */

const SEND_MS = 8000;

export class Sheet {
  #dialog;
  #name;
  #onopen;

  /** `name()` is who uses this tablet, "" where nobody has said so; `onopen()` is told when something begins to lie over
   *  the board. */
  constructor(dialog, name, onopen) {
    this.#dialog = dialog;
    this.#name = name;
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
      this.#show(await fetch(href, { signal: AbortSignal.timeout(SEND_MS) }), href);
    } catch {
      location.href = href;
    }
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  async #show(answer, href) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    this.#dialog.dataset.href = href;
    this.#dialog.querySelector("h2").textContent = page.querySelector("h1").textContent;
    this.#dialog.querySelector(".over-body").replaceChildren(...main.childNodes);
    for (const select of this.#dialog.querySelectorAll("select[data-by]")) this.#preset(select);
    this.#note("");
    this.#dialog.scrollTop = 0;
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#onopen();
  }

  /** Whoever uses this tablet says it: the name it knows, or whoever has the alert. */
  #preset(select) {
    const name = this.#name();
    if (!name) return;
    if (![...select.options].some(({ value }) => value === name)) select.append(new Option(name));
    select.value = name;
  }

  async #send(form, submitter) {
    if (!form.reportValidity()) return;
    this.#note("Sending…");
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST",
        headers: { accept: "text/html" },
        body: new URLSearchParams(new FormData(form, submitter)),
        signal: AbortSignal.timeout(SEND_MS),
      });
      if (!answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        this.#note([...page.querySelectorAll("h1, h1 + p")].map(({ textContent }) => textContent).join(". "));
      } else if (new URL(answer.url).pathname === "/") {
        this.close();
      } else {
        this.#show(answer, answer.url);
      }
    } catch {
      this.#note("Not sent, nothing is kept yet. Please tap again.");
    }
  }

  #note(text) {
    this.#dialog.querySelector(".note").textContent = text;
  }
}
