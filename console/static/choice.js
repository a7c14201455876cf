/* A dialog of buttons in; the value of the one that was tapped out, "" for none. */

export class Choice {
  #dialog;
  #answer = null;
  #refuse = () => "";

  constructor(dialog) {
    this.#dialog = dialog;
    dialog.addEventListener("submit", (event) => {
      const why = event.submitter?.value ? this.#refuse() : "";
      dialog.querySelector(".note").textContent = why;
      if (why) event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      this.#answer?.(dialog.returnValue);
      this.#answer = null;
    });
  }

  /** The reason that is chosen in it, "" while there is none. */
  get reason() {
    return this.#dialog.querySelector("input:checked")?.value ?? "";
  }

  /** Resolves to the value of the button that was tapped; `refuse()` says why not yet, "" where nothing is against it. */
  ask(refuse = () => "") {
    this.#refuse = refuse;
    for (const input of this.#dialog.querySelectorAll("input")) input.checked = false;
    this.#answer?.("");
    this.#dialog.returnValue = "";
    if (!this.#dialog.open) this.#dialog.showModal();
    return new Promise((resolve) => { this.#answer = resolve; });
  }
}
