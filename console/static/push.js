/* A tap in; a subscription to Web Push at the server out, so that a message comes though no page is open. */

export const pushable = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** The service worker is there from the first page on; it keeps nothing of it. */
export async function register() {
  if (!("serviceWorker" in navigator)) return null;
  return navigator.serviceWorker.register("/sw.js", { scope: "/" });
}

/** Whether messages come to this browser now. */
export async function subscribed() {
  if (!pushable || Notification.permission !== "granted") return false;
  const worker = await navigator.serviceWorker.getRegistration("/");
  return Boolean(await worker?.pushManager.getSubscription());
}

/** Ask the person, then the browser, then tell the server as this `tablet`; throws with a sentence that can be shown. */
export async function subscribe(carer, tablet) {
  if (!pushable) throw new Error("This browser takes no messages.");
  if ((await Notification.requestPermission()) !== "granted") throw new Error("This browser was told not to show messages.");
  const worker = await navigator.serviceWorker.ready;
  const { key } = await (await asked(tablet, "/api/v1/push/key")).json();
  const before = await worker.pushManager.getSubscription();
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { tablet: id } = await tablet.known();
  const { endpoint, keys } = subscription.toJSON();
  try {
    await asked(tablet, "/api/v1/push/subscriptions", { carer, tablet: id, subscription: { endpoint, keys } });
  } catch (error) {
    if (!before) await subscription.unsubscribe();    // one that was there before the server may know
    throw error;
  }
}

/** The server's answer where it is a yes. */
async function asked(tablet, where, body) {
  const answer = await tablet.ask(where, body).catch(() => {
    throw new Error("The server does not answer: no messages come yet. Please try again.");
  });
  if (answer.ok) return answer;
  const { title, detail } = await answer.json();
  throw new Error(`${title}. ${detail}`);
}
