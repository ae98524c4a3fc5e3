import { startMenus } from "./controllers/menu.js";
import { $, $$ } from "./lib/dom.js";
import { Store } from "./lib/store.js";

startMenus();

// At logout, remove the drafts from this computer, after the composer has saved once more.
for (const form of $$("form[action='/logout']")) {
  form.addEventListener("submit", () => {
    addEventListener("pagehide", () => Store.local().removeAll(`draft:${document.body.dataset.me}:`));
  });
}

const searchForm = $("#people-search");
if (searchForm) {
  const { startPeopleSearch } = await import("./controllers/people_search.js");
  startPeopleSearch(searchForm);
}

const picker = $("#people-picker");
if (picker) {
  const { startPeoplePicker } = await import("./controllers/people_picker.js");
  startPeoplePicker(picker);
}

const copyButtons = $$("[data-copy]");
if (copyButtons.length) {
  const { startCopyButton } = await import("./controllers/copy_button.js");
  copyButtons.forEach(startCopyButton);
}

// Only pages that show conversations load the socket.
if ($("#conversations")) {
  const { startChat } = await import("./controllers/chat.js");
  startChat();
}
