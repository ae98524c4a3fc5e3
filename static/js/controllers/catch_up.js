import { getJson } from "../lib/http.js";

const RETRY_MS = 2000;
const EVENTS = ["message:received", "message:edited", "message:deleted", "message:reacted", "conversation:updated"];

/** Keep a conversation complete. Shows a live event if its version is next; at a gap, fetches the changes since the known
    version; joins on every (re)connect, which brings what was missed. */
export function startCatchUp({ socket, id, timeline, onMessages, onConversation, onGone }) {
  let catchingUp = false;
  let queue = []; // events that arrive while catching up
  let timer;

  async function catchUp(fetchPage) {
    if (catchingUp) return;
    catchingUp = true;
    clearTimeout(timer);
    let done = false;
    try {
      for (let more = true; more; ) {
        const page = await fetchPage(timeline.version);
        timeline.advanceTo(page.version);
        onMessages(page.messages);
        onConversation(page.conversation);
        more = page.has_more;
      }
      done = true;
    } catch (error) {
      if (error.code === "not_found" || error.code === "forbidden") onGone(error);
      else if (socket.connected) timer = setTimeout(() => catchUp(fetchChanges), RETRY_MS);
    } finally {
      catchingUp = false;
      const queued = queue;
      queue = [];
      if (done) queued.forEach(receive);
    }
  }

  const join = (version) => socket.request("conversation:join", { conversation_id: id, after_version: version });
  const fetchChanges = (version) => getJson(`/api/chat/${id}/changes`, { after_version: version });

  /** Handle anything that carries a version: a message, or the conversation itself. */
  function receive(change) {
    if ((change.conversation_id ?? change.id) !== id) return;
    if (catchingUp) {
      queue.push(change);
      return;
    }
    const order = timeline.accept(change.version);
    if (order === "gap") catchUp(fetchChanges);
    else if (order === "next" && change.conversation_id) onMessages([change], { live: true });
    else if (order === "next") onConversation(change);
  }

  for (const event of EVENTS) socket.on(event, receive);
  socket.on("conversation:removed", ({ conversation_id }) => conversation_id === id && onGone());
  socket.watch({ onConnect: () => catchUp(join) });
}
