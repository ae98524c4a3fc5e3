import { $, debounce } from "../lib/dom.js";
import { SocketClient } from "../lib/socket_client.js";
import { Store } from "../lib/store.js";
import { localizeTimes } from "../lib/time.js";
import { Outbox } from "../models/outbox.js";
import { startConnectionBanner } from "./connection_banner.js";
import { startConversation } from "./conversation.js";
import { startKeyboardShortcuts } from "./keyboard_shortcuts.js";
import { startPresence } from "./presence.js";
import { startSidebar } from "./sidebar.js";

/** Start everything live on a page of conversations. */
export function startChat() {
  const me = { id: document.body.dataset.me, name: document.body.dataset.name };
  const store = Store.local();
  const socket = new SocketClient(me.id);
  const outbox = new Outbox({
    store,
    user: me.id,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    send: async ({ conversation_id, content, client_id, reply_to, mention_all = false }) => {
      const options = { mention_all, ...(reply_to && { reply_to }) };
      const ack = await socket.request("message:send", { conversation_id, content, client_id, type: "text", ...options });
      return ack.message;
    },
  });
  addEventListener("storage", (event) => outbox.storageChanged(event.key));

  const sidebar = startSidebar($("#conversations"), { socket, me });
  const log = $("#log");
  const conversation = log && startConversation(log, { socket, sidebar, outbox, store, me });
  startConnectionBanner($("#banner"), { socket });
  if (log) startPresence($("#status"), { socket, id: Number(log.dataset.conversation), me });
  startKeyboardShortcuts({ sidebar, conversation });
  if (!log) import("./dashboard.js").then(({ startDashboard }) => startDashboard($("#dashboard"), { socket }));
  socket.watch({ onConnect: () => outbox.flush() });
  const key = `notifications:${me.id}`;
  if (store.get(key)) {
    import("./desktop_notifications.js").then((module) => module.startDesktopNotifications({ socket, store, key, me }));
  }

  keepTimesFresh();
}

/** Update times on a page left open: "Today" becomes "Yesterday". */
function keepTimesFresh() {
  const refresh = debounce(() => {
    localizeTimes(document);
    $("#messages")?.dispatchEvent(new Event("rearrange"));
  }, 50);
  setInterval(refresh, 10 * 60_000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}
