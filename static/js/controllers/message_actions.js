import { $, $$, announce } from "../lib/dom.js";
import { getJson } from "../lib/http.js";

/** Handle what the reader does with messages: by menu, reaction chips or keys. `show({message})` shows the result. */
export function startMessageActions({ log, rows, socket, composer, show, me }) {
  const menu = $("#message-menu"); // one for the page, moved into the row that it is opened for
  const page = `/chats/${log.dataset.conversation}`;
  let pressedRow; // its menu was open at pointerdown, which closes it before the click
  menu.popover = "auto";

  const rowOf = (element) => element?.closest?.(".message[data-seq]");
  const shownRows = () => $$(".message[data-seq]", log);
  const isUsable = (row) => row && !row.matches(".message--deleted, .message--system");
  const textOf = (row) => $(".message__text", row).textContent;

  /** Return the focused message, which keys apply to. */
  const focusedRow = () => rowOf(document.activeElement);

  function focus(row) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  const openRow = () => (menu.matches(":popover-open") ? rowOf(menu) : null);

  function closeMenu() {
    if (!openRow()) return;
    menu.hidePopover();
    $("details", menu).open = false;
  }

  async function request(event, data) {
    try {
      show(await socket.request(event, data));
    } catch (error) {
      composer.showError(error.message);
      announce(error.message);
    }
  }

  function react(row, emoji) {
    const chip = $$(".chip", row).find(({ value }) => value === emoji);
    const mine = chip?.dataset.users.split(" ").includes(me.id);
    return request(mine ? "reaction:remove" : "reaction:add", { message_id: row.dataset.id, emoji });
  }

  function reply(row) {
    if ($("#main").hasAttribute("data-read-only")) return;
    composer.setMode("reply", { id: row.dataset.id, name: $(".message__author", row).textContent, preview: textOf(row) });
  }

  async function edit(row) {
    const { id } = row.dataset;
    try {
      const { content } = await getJson(`/api/messages/${id}`);
      composer.setMode("edit", { id, preview: textOf(row), content });
    } catch (error) {
      composer.showError(error.message);
    }
  }

  function jump(quote) {
    const row = rows.byId(quote.dataset.quoted);
    if (!row) {
      location.assign(quote.href);
      return;
    }
    for (const old of $$(".message--target", log)) old.classList.remove("message--target");
    row.classList.add("message--target");
    row.scrollIntoView({ block: "center", behavior: "smooth" });
    row.focus({ preventScroll: true });
  }

  async function copy(text, announcement) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // refused, or plain http, where there is no clipboard
      const area = document.createElement("textarea");
      area.value = text;
      (document.querySelector("[popover]:popover-open") ?? document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    announce(announcement);
  }

  async function copyCode(button) {
    await copy($("pre", button.parentElement).textContent, "Code copied");
    button.dataset.label = "Copied";
    setTimeout(() => (button.dataset.label = "Copy"), 2000);
  }

  const actions = {
    reply,
    edit,
    more: toggleMenu,
    delete: (row) => request("message:delete", { message_id: row.dataset.id }),
    link: (row, { href }) => copy(href.replace(/#.*/, ""), "Link copied"),
    text: (row) => copy(textOf(row), "Text copied"),
    code: (row, button) => copyCode(button),
    jump: (row, quote) => jump(quote),
  };

  async function run(control) {
    const row = rowOf(control);
    const { action } = control.dataset;
    if (action) await actions[action](row, control);
    else await react(row, control.value);
    if (action !== "more") closeMenu();
  }

  function openMenu(row) {
    if (!isUsable(row)) return;
    closeMenu();
    const { id, seq, sender } = row.dataset;
    menu.dataset.sender = sender;
    // for opening a link in another tab
    const urls = { reply: `${page}?reply=${seq}`, edit: `${page}?edit=${seq}`, link: `${page}/@${seq}#m${seq}` };
    for (const [action, url] of Object.entries(urls)) $(`[data-action=${action}]`, menu).href = url;
    for (const button of $$("[formaction]", menu)) {
      button.formAction = button.formAction.replace(/[^/]*(?=\/\w+$)/, id);
    }
    $(".message-actions", row).append(menu);
    menu.showPopover({ source: $("[data-action=more]", row) });
  }

  function toggleMenu(row) {
    if (row === (openRow() ?? pressedRow)) closeMenu();
    else openMenu(row);
    pressedRow = null;
  }

  log.addEventListener("pointerdown", ({ target }) => {
    pressedRow = target.closest("[data-action=more]") && openRow();
  });

  function moveFocus(step) {
    const all = shownRows();
    const at = all.indexOf(focusedRow());
    const row = at < 0 ? all.at(-1) : all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (row) focus(row);
  }

  function handleKey(key) {
    if (key === "j") return moveFocus(1);
    if (key === "k") return moveFocus(-1);
    const row = focusedRow() ?? shownRows().at(-1);
    if (!isUsable(row)) return undefined;
    if (key === "r") return reply(row);
    if (key === "e") return row.dataset.sender === me.id ? edit(row) : undefined;
    focus(row);
    openMenu(row);
    return $(".emoji-picker button", menu).focus();
  }

  function editLast() {
    const isOwnText = (row) => row.dataset.sender === me.id && isUsable(row) && row.dataset.type === "text";
    const last = shownRows().findLast(isOwnText);
    if (last) edit(last);
  }

  return { run, openMenu, handleKey, editLast };
}
