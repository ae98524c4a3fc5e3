import { wordsOf } from "../lib/dom.js";
import { getJson } from "../lib/http.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tells on the desktop of messages that come while nobody looks: as the conversation says, else as the account does; and
    of several pages in this browser only one. */
export function startNotifier({ line, store, key, me }) {
  const known = new Map();
  let account;

  function conversationOf(id) {
    if (!known.has(id)) known.set(id, getJson(`/api/chat/${id}`));
    return known.get(id);
  }

  const accountLevel = () => (account ??= getJson("/api/users/me").then(({ notify }) => notify));

  async function wants({ notify, muted_until: until }, mentioned) {
    if (until && new Date(until) > new Date()) return false;
    const level = notify ?? (await accountLevel());
    return level === "all" || (mentioned && level === "mentions");
  }

  /** Whether this page is the first of this browser to take the message; the others find it taken. */
  const take = ({ id }) =>
    new Promise((resolve) => {
      const held = { ifAvailable: true };
      navigator.locks.request(`told:${id}`, held, (lock) => {
        resolve(Boolean(lock));
        return lock && pause(5000);
      });
    });

  async function tell(message, mentioned) {
    if (message.sender_id === me.id || message.deleted_at || !store.get(key) || Notification.permission !== "granted") return;
    if (!document.hidden) {
      take(message); // somebody looks at this page: no other one tells
      return;
    }
    try {
      const conversation = await conversationOf(message.conversation_id);
      if (!(await wants(conversation, mentioned))) return;
      await pause(250); // a page that somebody looks at comes first
      if (document.hidden && (await take(message))) show(message, conversation);
    } catch {
      known.delete(message.conversation_id); // asked again at the next one
      account = null;
    }
  }

  function show(message, { name, kind }) {
    const { conversation_id: id, sender } = message;
    const title = kind === "group" && message.type !== "system" ? `${sender?.name ?? "Someone"} in ${name}` : name;
    const shown = new Notification(title, { body: wordsOf(message), tag: `conversation-${id}`, renotify: true });
    shown.addEventListener("click", () => {
      shown.close();
      window.focus();
      if (location.pathname !== `/chats/${id}`) location.assign(`/chats/${id}`);
    });
  }

  line.on("message:received", (message) => tell(message, false));
  line.on("user:mentioned", ({ message_id: id }) => {
    getJson(`/api/messages/${id}`).then((message) => tell(message, true)).catch(() => {});
  });
  // What was asked may have changed since.
  for (const event of ["preferences:updated", "conversation:updated"]) {
    line.on(event, ({ conversation_id, id }) => known.delete(conversation_id ?? id));
  }
  document.addEventListener("visibilitychange", () => (account = null));
}
