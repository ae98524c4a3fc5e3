import { partOf, settled } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";

const NEWS = ["message:received", "message:read", "preferences:updated", "user:online", "user:offline"];

/** What stands where nothing is open, kept true. */
export function startDashboard(dashboard, { line }) {
  const again = settled(async () => {
    if (dashboard.contains(document.activeElement)) return; // somebody is about to press something
    try {
      dashboard.replaceChildren(...partOf(await getHtml("/chats"), "dashboard").childNodes);
    } catch {
      // the next news asks again
    }
  }, 1000);
  for (const event of NEWS) line.on(event, again);
}
