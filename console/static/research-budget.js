/* A table of budgets in; the same, chosen by dragging, with what each would have meant said at once, out. */

const form = document.querySelector("#budget");
const range = document.querySelector("#budget-range");
const choice = document.querySelector("#per-day");
const says = document.querySelector("#budget-says");

function show() {
  const option = choice.options[Number(range.value)];
  choice.value = option.value;
  range.setAttribute("aria-valuetext", `${option.value} a day`);
  for (const row of document.querySelectorAll("#levels [data-per-day]")) {
    const chosen = row.dataset.perDay === option.value;
    row.toggleAttribute("aria-current", chosen);
    if (chosen) {
      row.setAttribute("aria-current", "true");
      says.replaceChildren(...[...row.querySelector(".vh-says").childNodes].map((node) => node.cloneNode(true)));
    }
  }
}

if (form && range) {
  range.hidden = false;
  range.value = choice.selectedIndex;
  says.setAttribute("aria-live", "polite");
  form.querySelector("button").hidden = true;
  range.addEventListener("input", show);
  choice.addEventListener("change", () => { range.value = choice.selectedIndex; show(); });
  show();
}
