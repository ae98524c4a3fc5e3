import { $, $$ } from "../lib/dom.js";
import { Store } from "../lib/store.js";

const place = $("#desktop");
const button = $("button", place);
const store = Store.local();
const key = `notifications:${document.body.dataset.me}`;
let failed = false;

function state() {
  if (!window.isSecureContext) return "insecure";
  if (failed || !("Notification" in window && navigator.locks)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return store.get(key) && Notification.permission === "granted" ? "on" : "off";
}

function draw() {
  const now = state();
  for (const words of $$("[data-state]", place)) words.hidden = words.dataset.state !== now;
  button.hidden = now !== "on" && now !== "off";
  button.textContent = now === "on" ? "Turn off" : "Turn on";
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return;
  try {
    const first = new Notification("Notifications are on", { body: "This is how a new message will show.", tag: "first" });
    first.addEventListener("click", () => first.close());
    store.set(key, true);
  } catch {
    failed = true; // browsers on phones allow it to installed pages only
  }
}

button.addEventListener("click", async () => {
  if (state() === "on") store.remove(key);
  else await turnOn();
  draw();
});
draw();
