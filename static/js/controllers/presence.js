import { $, $$, createElement, setText } from "../lib/dom.js";
import { localizeTimes } from "../lib/time.js";
import { isolated } from "../models/text.js";

const TYPING_TTL_MS = 7000; // the server ends it after 6 s, but its event may be lost
const TYPING_INTERVAL_MS = 3000;

/** Show who is typing, or else who is online, under the conversation's name; send when the reader types. */
export function startPresence(status, { socket, id, me }) {
  const typing = new Map();
  let idleNodes = [...status.childNodes]; // what the status shows while nobody types
  let typingSentAt = 0;

  function draw() {
    const names = [...typing.values()].map(({ name }) => isolated(name));
    if (!names.length) status.replaceChildren(...idleNodes);
    else if (names.length > 2) setText(status, "Several people are typing…");
    else setText(status, `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing…`);
  }

  function removeTyping(user) {
    clearTimeout(typing.get(user)?.timer);
    if (typing.delete(user)) draw();
  }

  function setIdle(...nodes) {
    idleNodes = nodes;
    draw();
  }

  socket.on("user:typing", ({ conversation_id, user_id, name }) => {
    if (conversation_id !== id || user_id === me.id) return;
    clearTimeout(typing.get(user_id)?.timer);
    typing.set(user_id, { name, timer: setTimeout(removeTyping, TYPING_TTL_MS, user_id) });
    draw();
  });
  socket.on("user:stopped-typing", (event) => event.conversation_id === id && removeTyping(event.user_id));
  socket.on("message:received", (message) => message.conversation_id === id && removeTyping(message.sender_id));
  socket.watch({ onDisconnect: () => [...typing.keys()].forEach(removeTyping) });

  function setOnline({ user_id, last_seen }, online) {
    if (user_id !== status.dataset.person) return;
    status.classList.toggle("conversation__status--online", online);
    if (online) setIdle("Online");
    else if (!last_seen) setIdle("Offline"); // one of the two hides it
    else {
      const time = createElement("time", "");
      time.dateTime = last_seen;
      time.dataset.format = "seen";
      setIdle("Last seen ", time);
      localizeTimes(status);
    }
  }

  socket.on("user:online", (event) => setOnline(event, true));
  socket.on("user:offline", (event) => setOnline(event, false));
  socket.on("conversation:updated", ({ id: updated, participant_count: count, kind }) => {
    if (updated === id && kind === "group") setIdle(`${count} ${count === 1 ? "member" : "members"}`);
  });

  // --- the reader's own typing

  const emit = (action) => socket.connected && socket.request(`typing:${action}`, { conversation_id: id }).catch(() => {});
  const text = $("#composer textarea");

  function stop() {
    if (typingSentAt) emit("stop");
    typingSentAt = 0;
  }

  text?.addEventListener("input", () => {
    if (!text.value.trim()) stop();
    else if (!text.form.dataset.edit && Date.now() - typingSentAt > TYPING_INTERVAL_MS) {
      typingSentAt = Date.now();
      emit("start");
    }
  });
  text?.form.addEventListener("submit", () => {
    typingSentAt = 0; // the message itself ends it for others
  });
  addEventListener("pagehide", stop);
}

/** Update a person's online dots and labels everywhere. */
export function showPresence(user, online) {
  for (const link of $$(`#conversations [data-person="${user}"]`)) {
    toggleDot($(".avatar", link), online);
    setText($("[data-online-label]", link), online ? " (online)" : "");
  }
  if ($("#status")?.dataset.person === user) toggleDot($(".conversation__header .avatar"), online);
}

function toggleDot(avatar, online) {
  const dot = $(".avatar__online", avatar);
  if (online && !dot) avatar.append(createElement("span", "avatar__online"));
  else if (!online) dot?.remove();
}
