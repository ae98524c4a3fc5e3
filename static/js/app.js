import { startMenus } from "./controllers/menu.js";
import { startPeople } from "./controllers/people.js";
import { $ } from "./lib/dom.js";

startMenus();

const search = $("#people-search");
if (search) startPeople(search);

// Only the pages that show conversations pay for the socket.
if ($("#conversations")) {
  const { startChat } = await import("./controllers/chat.js");
  startChat();
}
