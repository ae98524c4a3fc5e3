import { $, $$ } from "../lib/dom.js";
import { Store } from "../lib/store.js";

const section = $("#desktop");
const button = $("button", section);
const store = Store.local();
const key = `notifications:${document.body.dataset.me}`;
let failed = false;

function currentState() {
  if (!window.isSecureContext) return "insecure";
  if (failed || !("Notification" in window && navigator.locks)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return store.get(key) && Notification.permission === "granted" ? "on" : "off";
}

function update() {
  const state = currentState();
  for (const text of $$("[data-state]", section)) text.hidden = text.dataset.state !== state;
  button.hidden = state !== "on" && state !== "off";
  button.textContent = state === "on" ? "Turn off" : "Turn on";
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return;
  try {
    const sample = new Notification("Notifications are on", { body: "New messages will look like this.", tag: "first" });
    sample.addEventListener("click", () => sample.close());
    store.set(key, true);
  } catch {
    failed = true; // mobile browsers allow notifications for installed pages only
  }
}

button.addEventListener("click", async () => {
  if (currentState() === "on") store.remove(key);
  else await turnOn();
  update();
});
update();
