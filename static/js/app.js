import { startMenus } from "./controllers/menu.js";
import { $ } from "./lib/dom.js";

startMenus();

const search = $("#people-search");
if (search) {
  const { startPeople } = await import("./controllers/people.js");
  startPeople(search);
}

// Only the pages that show conversations pay for the socket.
if ($("#conversations")) {
  const { startChat } = await import("./controllers/chat.js");
  startChat();
}
