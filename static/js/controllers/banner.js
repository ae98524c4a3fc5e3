import { $, setText } from "../lib/dom.js";

const PATIENCE = 1500;

/** Says when the line is lost; a blink of it isn't worth a word. */
export function startBanner(banner, { line }) {
  const words = $("[data-words]", banner);
  const login = $("[data-login]", banner);
  const retry = $("[data-retry]", banner);
  let timer = null;

  function stop() {
    clearTimeout(timer);
    timer = null;
  }

  function show(text, { loggedOut = false } = {}) {
    stop();
    setText(words, text);
    login.hidden = !loggedOut;
    retry.hidden = loggedOut;
    banner.hidden = false;
  }

  const lost = () =>
    show(`${navigator.onLine ? "Connecting…" : "You’re offline."} What you write is kept and goes out by itself.`);

  const wait = () => {
    timer ??= setTimeout(lost, PATIENCE);
  };

  retry.addEventListener("click", () => line.retry());
  wait();

  line.watch({
    up() {
      stop();
      banner.hidden = true;
    },
    down() {
      if (banner.hidden) wait();
      else if (login.hidden) lost();
    },
    refused(error) {
      if (error.code === "unauthenticated") {
        show("You’ve been logged out.", { loggedOut: true });
        return;
      }
      lost();
      setTimeout(() => line.connected || line.retry(), 5000);
    },
  });
}
