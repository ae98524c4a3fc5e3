import { $, $$, make, setText } from "../lib/dom.js";
import { localTimes } from "../lib/time.js";
import { isolated } from "../models/text.js";

const TYPING_LASTS = 7000; // the server ends it after 6 s; its word may be lost
const SAY_AGAIN = 3000;

/** The line under the conversation's name: who is typing, else who is here; and says that one types oneself. */
export function startPresence(status, { line, id, me }) {
  const typing = new Map();
  let idle = [...status.childNodes];
  let said = 0;

  function draw() {
    const names = [...typing.values()].map(({ name }) => isolated(name));
    if (!names.length) status.replaceChildren(...idle);
    else if (names.length > 2) setText(status, "Several people are typing…");
    else setText(status, `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing…`);
  }

  function stops(user) {
    clearTimeout(typing.get(user)?.timer);
    if (typing.delete(user)) draw();
  }

  function says(...nodes) {
    idle = nodes;
    draw();
  }

  line.on("user:typing", ({ conversation_id, user_id, name }) => {
    if (conversation_id !== id || user_id === me.id) return;
    clearTimeout(typing.get(user_id)?.timer);
    typing.set(user_id, { name, timer: setTimeout(stops, TYPING_LASTS, user_id) });
    draw();
  });
  line.on("user:stopped-typing", (event) => event.conversation_id === id && stops(event.user_id));
  line.on("message:received", (message) => message.conversation_id === id && stops(message.sender_id));
  line.watch({ down: () => [...typing.keys()].forEach(stops) });

  function presence({ user_id, last_seen }, online) {
    if (user_id !== status.dataset.person) return;
    status.classList.toggle("conversation__status--online", online);
    if (online) says("Online");
    else if (!last_seen) says("Offline"); // one of the two hides it
    else {
      const time = make("time", "");
      time.dateTime = last_seen;
      time.dataset.as = "seen";
      says("Last seen ", time);
      localTimes(status);
    }
  }

  line.on("user:online", (event) => presence(event, true));
  line.on("user:offline", (event) => presence(event, false));
  line.on("conversation:updated", ({ id: which, participant_count: count, kind }) => {
    if (which === id && kind === "group") says(`${count} ${count === 1 ? "person" : "people"}`);
  });

  // --- oneself

  const tell = (what) => line.connected && line.request(`typing:${what}`, { conversation_id: id }).catch(() => {});
  const text = $("#composer textarea");

  function stop() {
    if (said) tell("stop");
    said = 0;
  }

  text?.addEventListener("input", () => {
    if (!text.value.trim()) stop();
    else if (!text.form.dataset.edit && Date.now() - said > SAY_AGAIN) {
      said = Date.now();
      tell("start");
    }
  });
  text?.form.addEventListener("submit", () => {
    said = 0; // the message says it
  });
  addEventListener("pagehide", stop);
}

/** The dots and words for someone, wherever their name stands. */
export function showPresence(user, online) {
  for (const link of $$(`#conversations [data-person="${user}"]`)) {
    dot($(".avatar", link), online);
    setText($("[data-online-word]", link), online ? " (online)" : "");
  }
  if ($("#status")?.dataset.person === user) dot($(".conversation__head .avatar"), online);
}

function dot(avatar, online) {
  const shown = $(".avatar__online", avatar);
  if (online && !shown) avatar.append(make("span", "avatar__online"));
  else if (!online) shown?.remove();
}
