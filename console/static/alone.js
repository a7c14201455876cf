/* An alert's own page, opened by itself, in; drawn anew when somebody takes the alert or it is over. Over the board the
   board sees to that: see board.js. */

const shown = document.querySelector(".urgent");
const source = new EventSource("/events");
const STATES = { alert: "open", held: "held" };

source.addEventListener("row", ({ data }) => {
  const { row } = JSON.parse(data);
  if (row.wearer !== shown.dataset.wearer) return;
  const state = STATES[row.risk] ?? "over";
  const another = row.risk === "alert" && row.alert_id !== shown.dataset.alert;
  if (!another && state !== shown.dataset.state) location.reload();
});
