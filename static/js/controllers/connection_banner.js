import { $, setText } from "../lib/dom.js";

const DELAY_MS = 1500; // short interruptions show nothing

/** Show a banner while there is no connection. */
export function startConnectionBanner(banner, { socket }) {
  const label = $("[data-text]", banner);
  const login = $("[data-login]", banner);
  const retry = $("[data-retry]", banner);
  let timer = null;

  function stopTimer() {
    clearTimeout(timer);
    timer = null;
  }

  function show(text, { code } = {}) {
    stopTimer();
    setText(label, text);
    login.hidden = code !== "unauthenticated";
    retry.hidden = !login.hidden;
    banner.dataset.code = code ?? "";
    banner.hidden = false;
  }

  const showDisconnected = () =>
    show(`${navigator.onLine ? "Connecting…" : "You’re offline."} What you write is saved and will be sent later.`);

  const showSoon = () => {
    timer ??= setTimeout(showDisconnected, DELAY_MS);
  };

  retry.addEventListener("click", () => socket.retry());
  login.href = `/login?next=${encodeURIComponent(location.pathname)}`;
  showSoon();

  socket.watch({
    onConnect() {
      stopTimer();
      banner.hidden = true;
    },
    onDisconnect() {
      if (banner.hidden) showSoon();
      else if (!banner.dataset.code) showDisconnected();
    },
    onRefused(error) {
      // These two wait for the reader: an automatic retry would be refused again.
      if (error.code === "unauthenticated") show("You’ve been logged out. What you wrote is saved.", error);
      else if (error.code === "rate_limited") show(error.message, error);
      else {
        showDisconnected();
        setTimeout(() => socket.connected || socket.retry(), 5000);
      }
    },
  });
}
