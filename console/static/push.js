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
  const { key } = await (await tablet.ask("/api/v1/push/key")).json();
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { tablet: id } = await tablet.known();
  const { endpoint, keys } = subscription.toJSON();
  const answer = await tablet.ask("/api/v1/push/subscriptions", { carer, tablet: id, subscription: { endpoint, keys } });
  if (answer.ok) return;
  await subscription.unsubscribe();
  throw new Error((await answer.json()).detail);
}
