import { partOf } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";

const NEWS = ["message:received", "message:read", "preferences:updated", "user:online", "user:offline"];
const AT_MOST_EVERY = 1000;

/** What stands where nothing is open, kept true. */
export function startDashboard(dashboard, { line }) {
  let waiting;

  function again() {
    waiting ??= setTimeout(refetch, AT_MOST_EVERY);
  }

  async function refetch() {
    waiting = null;
    try {
      const fresh = partOf(await getHtml("/chats"), "dashboard");
      if (dashboard.contains(document.activeElement)) again(); // somebody is about to press something
      else dashboard.replaceChildren(...fresh.childNodes);
    } catch {
      // the next news, or the next connection, asks again
    }
  }

  for (const event of NEWS) line.on(event, again);
  line.watch({ up: again });
  if (line.connected) again(); // what happened since the page was drawn came before anyone listened
}
