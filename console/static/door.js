// The way in: how many alerts are open stays true, a password can be looked at, a link that signs in does so by itself.

const door = document.querySelector(".door");
const ASKED_MS = 5000;  // somebody stands there and reads, or has walked on

async function count() {
  try {
    const answer = await fetch("/sign-in/alerts", { cache: "no-store" });
    if (!answer.ok) return;
    const { open, watched } = await answer.json();
    if (String(open) === door.dataset.alerts && String(watched) === door.dataset.watched) return;
    door.dataset.alerts = open;
    door.dataset.watched = watched;
    const people = watched ? `${watched} ${watched === 1 ? "person" : "people"} watched over.` : "Nobody is watched over now.";
    document.getElementById("watched").textContent = people;
    document.getElementById("open").textContent = open ? `${open} ${open === 1 ? "alert" : "alerts"} open.` : "";
  } catch {
    // The server does not answer: what was said last may be old, and a page that cannot sign in says so itself.
  }
}

function showable(field) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = "Show";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
  });
  field.after(button);
}

if (door) {
  for (const field of document.querySelectorAll("input[type=password]")) showable(field);
  setInterval(count, ASKED_MS);
  document.querySelector("form[data-opens]")?.requestSubmit();
}
