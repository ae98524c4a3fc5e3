const OF_MESSAGES = ["j", "k", "r", "e", "+"];

const typing = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

/** Keys that work everywhere on a page of conversations. */
export function startKeys({ sidebar, conversation }) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector(":popover-open, dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === "k") {
      event.preventDefault();
      import("./palette.js").then(({ showPalette }) => showPalette());
    } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const step = event.key === "ArrowUp" ? -1 : 1;
      if (sidebar.go(step, { unread: event.shiftKey })) event.preventDefault();
    } else if (event.key === "Escape") {
      conversation?.toEnd();
    } else if (!typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === "?") import("./help.js").then(({ showHelp }) => showHelp());
      else if (conversation && OF_MESSAGES.includes(event.key)) conversation.key(event.key);
      else return;
      event.preventDefault();
    }
  });
}
