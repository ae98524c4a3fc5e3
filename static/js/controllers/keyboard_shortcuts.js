const MESSAGE_KEYS = ["j", "k", "r", "e", "+"];

const isTextField = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

/** Handle the keys that work everywhere on a page of conversations. */
export function startKeyboardShortcuts({ sidebar, conversation }) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector(":popover-open, dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === "k") {
      event.preventDefault();
      import("./quick_switcher.js").then(({ showQuickSwitcher }) => showQuickSwitcher());
    } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const step = event.key === "ArrowUp" ? -1 : 1;
      if (sidebar.openNext(step, { unread: event.shiftKey })) event.preventDefault();
    } else if (event.key === "Escape") {
      conversation?.scrollToEnd();
    } else if (!isTextField(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === "?") import("./shortcuts_help.js").then(({ showShortcutsHelp }) => showShortcutsHelp());
      else if (conversation && MESSAGE_KEYS.includes(event.key)) conversation.handleKey(event.key);
      else return;
      event.preventDefault();
    }
  });
}
