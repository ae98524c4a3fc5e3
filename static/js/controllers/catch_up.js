import { getJson } from "../lib/http.js";

const AGAIN = 2000;
const EVENTS = ["message:received", "message:edited", "message:deleted", "message:reacted", "conversation:updated"];

/** Keeps a conversation complete. Live events are hints: the next version in turn is shown, at a hole the changes since
    the last known version are asked for, and after every (re)connect the join brings what was missed. */
export function startCatchUp({ line, id, timeline, onMessages, onConversation, onGone }) {
  let asking = false;
  let waiting = [];
  let timer;

  async function catchUp(ask) {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    let done = false;
    try {
      for (let more = true; more; ) {
        const page = await ask(timeline.version);
        timeline.reach(page.version);
        onMessages(page.messages);
        onConversation(page.conversation);
        more = page.has_more;
      }
      done = true;
    } catch (error) {
      if (error.code === "not_found" || error.code === "forbidden") onGone(error);
      else if (line.connected) timer = setTimeout(() => catchUp(changes), AGAIN);
    } finally {
      asking = false;
      const heard = waiting;
      waiting = [];
      if (done) heard.forEach(receive);
    }
  }

  const join = (version) => line.request("conversation:join", { conversation_id: id, after_version: version });
  const changes = (version) => getJson(`/api/chat/${id}/changes`, { after_version: version });

  /** Whatever carries a version: a message, or the conversation itself. */
  function receive(news) {
    if ((news.conversation_id ?? news.id) !== id) return;
    if (asking) {
      waiting.push(news);
      return;
    }
    const turn = timeline.take(news.version);
    if (turn === "gap") catchUp(changes);
    else if (turn === "next" && news.conversation_id) onMessages([news], { live: true });
    else if (turn === "next") onConversation(news);
  }

  for (const event of EVENTS) line.on(event, receive);
  line.on("conversation:removed", ({ conversation_id }) => conversation_id === id && onGone());
  line.watch({ up: () => catchUp(join) });
}
