import { getJson } from "../lib/http.js";

const AGAIN = 2000;
const EVENTS = ["message:received", "message:edited", "message:deleted", "message:reacted"];

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

  function receive(message) {
    if (message.conversation_id !== id) return;
    if (asking) {
      waiting.push(message);
      return;
    }
    const news = timeline.take(message.version);
    if (news === "next") onMessages([message], { live: true });
    else if (news === "gap") catchUp(changes);
  }

  for (const event of EVENTS) line.on(event, receive);
  line.watch({ up: () => catchUp(join) });
}
