import { previewText } from "../lib/dom.js";
import { getJson } from "../lib/http.js";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Show a desktop notification for messages that arrive while the page is hidden, as the conversation's setting says, or
    else the account's. Of several pages in a browser only one does. */
export function startDesktopNotifications({ socket, store, key, me }) {
  const conversations = new Map();
  let accountLevel;

  function getConversation(id) {
    if (!conversations.has(id)) conversations.set(id, getJson(`/api/chat/${id}`));
    return conversations.get(id);
  }

  const getAccountLevel = () => (accountLevel ??= getJson("/api/users/me").then(({ notify }) => notify));

  async function isWanted({ notify: level, muted_until: until }, mentioned) {
    if (until && new Date(until) > new Date()) return false;
    const effective = level ?? (await getAccountLevel());
    return effective === "all" || (mentioned && effective === "mentions");
  }

  /** Claim a message for this page; resolves to false if another page of this browser has it. */
  const claim = ({ id }) =>
    new Promise((resolve) => {
      navigator.locks.request(`notified:${id}`, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock));
        return lock && sleep(5000);
      });
    });

  async function notify(message, mentioned) {
    if (message.sender_id === me.id || message.deleted_at || !store.get(key) || Notification.permission !== "granted") return;
    if (!document.hidden) {
      claim(message); // the reader sees it here: no other page should notify
      return;
    }
    try {
      const conversation = await getConversation(message.conversation_id);
      if (!(await isWanted(conversation, mentioned))) return;
      await sleep(250); // a visible page claims first
      if (document.hidden && (await claim(message))) show(message, conversation);
    } catch {
      conversations.delete(message.conversation_id); // fetched again for the next message
      accountLevel = null;
    }
  }

  function show(message, { name, kind }) {
    const { conversation_id: id, sender } = message;
    const title = kind === "group" && message.type !== "system" ? `${sender?.name ?? "Someone"} in ${name}` : name;
    const shown = new Notification(title, { body: previewText(message), tag: `conversation-${id}`, renotify: true });
    shown.addEventListener("click", () => {
      shown.close();
      window.focus();
      if (location.pathname !== `/chats/${id}`) location.assign(`/chats/${id}`);
    });
  }

  socket.on("message:received", (message) => notify(message, false));
  socket.on("user:mentioned", ({ message_id: id }) => {
    getJson(`/api/messages/${id}`).then((message) => notify(message, true)).catch(() => {});
  });
  for (const event of ["preferences:updated", "conversation:updated"]) {
    socket.on(event, ({ conversation_id, id }) => conversations.delete(conversation_id ?? id));
  }
  document.addEventListener("visibilitychange", () => (accountLevel = null));
}
