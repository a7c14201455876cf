/* Push messages in; notifications, and receipts that they were shown, out. It keeps no page: a board that cannot be asked
   for now must never look as if it were watching. */

const TRIES = 5;
const AGAIN_MS = 1000;       // and twice as long each time: half a minute in all, as long as a browser lets it run
const WRONG = [400, 401, 403, 413, 422];   // sent again it is as wrong

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link));
});

/** What was sent, as text in any case: a message nobody can read is still one that somebody must look at. */
function read(data) {
  try {
    const said = data.json();
    return said && typeof said === "object" ? said : { body: String(said) };
  } catch {
    return { body: data?.text() ?? "" };
  }
}

async function show(data) {
  const said = read(data);
  const tag = said.tag || "forecalm";
  await self.registration.showNotification(said.title || "Forecalm", {
    body: said.body || "Please look at the board.",
    tag,
    renotify: !said.over,
    silent: Boolean(said.over),
    requireInteraction: said.priority === "high" && !said.over,
    icon: "/static/mark-192.png",
    data: { link: said.link ?? "" },
  });
  if (said.tag && !said.over) await prove(said.tag);
}

async function prove(matter) {
  const kept = await (await caches.open("forecalm.tablet")).match("/tablet");
  if (!kept) return;
  const { tablet, key } = await kept.json();
  const receipt = [{ matter_id: matter, station: "on the tablet", at_s: Date.now() / 1000 }];
  for (let i = 0; i < TRIES; i++) {
    try {
      const answer = await fetch(`/api/v1/tablets/${encodeURIComponent(tablet)}/receipts`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Tablet ${tablet}.${key}` },
        body: JSON.stringify(receipt),
      });
      if (answer.ok || WRONG.includes(answer.status)) return;
    } catch {
      // no network: once more in a moment
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * 2 ** i));
  }
}

/** Bring the board to the front; where none is open, the link that came along, on this site only. */
async function open(link) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const board = pages.find(({ url }) => new URL(url).pathname === "/");
  if (board) return board.focus();
  const where = new URL(link || "/", self.location.origin);
  return self.clients.openWindow(where.origin === self.location.origin ? where.href : "/");
}
