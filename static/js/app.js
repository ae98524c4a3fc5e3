import { startMenus } from "./controllers/menu.js";
import { $, $$ } from "./lib/dom.js";
import { Store } from "./lib/store.js";

startMenus();

// Whoever uses this computer next doesn't find what was half written. Not before the page goes: it writes it down once more.
for (const form of $$("form[action='/logout']")) {
  form.addEventListener("submit", () => {
    addEventListener("pagehide", () => Store.local().forget(`draft:${document.body.dataset.me}:`));
  });
}

const search = $("#people-search");
if (search) {
  const { startPeople } = await import("./controllers/people.js");
  startPeople(search);
}

const picker = $("#picker");
if (picker) {
  const { startPicker } = await import("./controllers/picker.js");
  startPicker(picker);
}

const copies = $$("[data-copy]");
if (copies.length) {
  const { startCopying } = await import("./controllers/copy.js");
  copies.forEach(startCopying);
}

// Only the pages that show conversations pay for the socket.
if ($("#conversations")) {
  const { startChat } = await import("./controllers/chat.js");
  startChat();
}
