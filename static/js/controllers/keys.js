/** Keys that work everywhere on a page of conversations. */
export function startKeys({ sidebar, conversation }) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const step = event.key === "ArrowUp" ? -1 : 1;
      if (sidebar.go(step, { unread: event.shiftKey })) event.preventDefault();
    } else if (event.key === "Escape") {
      conversation?.toEnd();
    }
  });
}
