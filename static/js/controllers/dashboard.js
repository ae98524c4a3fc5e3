import { findInHtml } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";

const EVENTS = ["message:received", "message:read", "preferences:updated", "user:online", "user:offline"];
const INTERVAL_MS = 1000;

/** Keep the page up to date that stands beside the list while no conversation is open. */
export function startDashboard(dashboard, { socket }) {
  let timer;

  function refreshSoon() {
    timer ??= setTimeout(refresh, INTERVAL_MS);
  }

  async function refresh() {
    timer = null;
    try {
      const fresh = findInHtml(await getHtml("/chats"), "dashboard");
      if (dashboard.contains(document.activeElement)) refreshSoon(); // don't replace what has the focus
      else dashboard.replaceChildren(...fresh.childNodes);
    } catch {
      // the next event or connect refreshes
    }
  }

  for (const event of EVENTS) socket.on(event, refreshSoon);
  socket.watch({ onConnect: refreshSoon });
  if (socket.connected) refreshSoon(); // events since the page was rendered were missed
}
