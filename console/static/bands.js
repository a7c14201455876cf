/* The page as the server draws it now and then in; what changed put in its place, so that nothing scrolls away, out. */

const EVERY_MS = 5000;
const LATE_MS = 15000;      // then this page is no longer what it says it is

const live = document.getElementById("live");
let heardAt = performance.now();

function say() {
  const silence = performance.now() - heardAt;
  const behind = silence > LATE_MS;
  live.textContent = behind ? `Heard ${Math.floor(silence / 1000)} s ago` : "Live";
  live.parentElement.dataset.live = behind ? "behind" : "live";
}

function put(fresh) {
  const [old, now] = [document, fresh].map((page) => [...page.querySelectorAll("[data-part]")]);
  if (old.length !== now.length) return location.reload();
  old.forEach((part, i) => {
    if (part.innerHTML !== now[i].innerHTML) part.replaceChildren(...now[i].childNodes);
  });
  return undefined;
}

async function look() {
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(EVERY_MS) });
    if (!answer.ok) return;
    put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    heardAt = performance.now();
  } catch {
    // the clock says how old the page is
  }
}

say();
setInterval(say, 1000);
setInterval(look, EVERY_MS);
