import { $, settled } from "../lib/dom.js";
import { Line } from "../lib/socket.js";
import { Store } from "../lib/store.js";
import { localTimes } from "../lib/time.js";
import { Outbox } from "../models/outbox.js";
import { startBanner } from "./banner.js";
import { startConversation } from "./conversation.js";
import { startKeys } from "./keys.js";
import { startPresence } from "./presence.js";
import { startSidebar } from "./sidebar.js";

/** Everything live on a page that shows conversations: the line, what waits to be sent, the list, the open one. */
export function startChat() {
  const me = { id: document.body.dataset.me, name: document.body.dataset.name };
  const store = Store.local();
  const line = new Line(me.id);
  const outbox = new Outbox({
    store,
    user: me.id,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    send: async ({ conversation_id, content, client_id, reply_to, mention_all = false }) => {
      const more = { mention_all, ...(reply_to && { reply_to }) };
      const answer = await line.request("message:send", { conversation_id, content, client_id, type: "text", ...more });
      return answer.message;
    },
  });
  addEventListener("storage", (event) => outbox.touched(event.key));

  const sidebar = startSidebar($("#conversations"), { line, me });
  const log = $("#log");
  const conversation = log && startConversation(log, { line, sidebar, outbox, store, me });
  startBanner($("#banner"), { line });
  if (log) startPresence($("#status"), { line, id: Number(log.dataset.conversation), me });
  startKeys({ sidebar, conversation });
  if (!log) import("./dashboard.js").then(({ startDashboard }) => startDashboard($("#dashboard"), { line }));
  line.watch({ up: () => outbox.flush() });
  const key = `notifications:${me.id}`;
  if (store.get(key)) import("./notifier.js").then(({ startNotifier }) => startNotifier({ line, store, key, me }));

  keepTimesFresh();
}

/** "Today" becomes "Yesterday" on a page left open. */
function keepTimesFresh() {
  const again = settled(() => {
    localTimes(document);
    $("#messages")?.dispatchEvent(new Event("rearrange"));
  }, 50);
  setInterval(again, 10 * 60_000);
  document.addEventListener("visibilitychange", () => document.hidden || again());
}
