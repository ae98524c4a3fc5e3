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

  function show(text, { code } = {}) {
    stop();
    setText(words, text);
    login.hidden = code !== "unauthenticated";
    retry.hidden = !login.hidden;
    banner.dataset.refused = code ?? "";
    banner.hidden = false;
  }

  const lost = () =>
    show(`${navigator.onLine ? "Connecting…" : "You’re offline."} What you write is kept and goes out by itself.`);

  const wait = () => {
    timer ??= setTimeout(lost, PATIENCE);
  };

  retry.addEventListener("click", () => line.retry());
  login.href = `/login?next=${encodeURIComponent(location.pathname)}`;
  wait();

  line.watch({
    up() {
      stop();
      banner.hidden = true;
    },
    down() {
      if (banner.hidden) wait();
      else if (!banner.dataset.refused) lost();
    },
    refused(error) {
      // Asking again by itself would change nothing here: it takes the reader.
      if (error.code === "unauthenticated") show("You’ve been logged out. What you wrote is kept.", error);
      else if (error.code === "rate_limited") show(error.message, error);
      else {
        lost();
        setTimeout(() => line.connected || line.retry(), 5000);
      }
    },
  });
}
