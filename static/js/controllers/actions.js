import { $, $$, announce } from "../lib/dom.js";
import { getJson } from "../lib/http.js";

/** What one does with a message: by its menu, by its chips, by keys. `show({message})` shows what came of it. */
export function startActions({ log, rows, line, composer, show, me }) {
  const menu = $("#actions"); // the page's one, which goes to the message that it is opened for
  const page = `/chats/${log.dataset.conversation}`;
  let pressed; // the message with the open menu whose button the pointer went down on; the browser closes it then
  menu.popover = "auto";

  const rowOf = (element) => element?.closest?.(".message[data-seq]");
  const shown = () => $$(".message[data-seq]", log);
  const usable = (row) => row && !row.matches(".message--deleted, .message--system");
  const wordsOf = (row) => $(".message__text", row).textContent;

  /** The message that keys are about: the one with the focus. */
  const current = () => rowOf(document.activeElement);

  function focus(row) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  const opened = () => (menu.matches(":popover-open") ? rowOf(menu) : null);

  function close() {
    if (!opened()) return;
    menu.hidePopover();
    $("details", menu).open = false;
  }

  async function ask(event, data) {
    try {
      show(await line.request(event, data));
    } catch (error) {
      composer.say(error.message);
      announce(error.message);
    }
  }

  function react(row, emoji) {
    const chip = $$(".chip", row).find(({ value }) => value === emoji);
    const mine = chip?.dataset.users.split(" ").includes(me.id);
    return ask(mine ? "reaction:remove" : "reaction:add", { message_id: row.dataset.id, emoji });
  }

  function reply(row) {
    if ($("#main").hasAttribute("data-reads-only")) return;
    composer.turn("reply", { id: row.dataset.id, name: $(".message__author", row).textContent, words: wordsOf(row) });
  }

  async function edit(row) {
    const { id } = row.dataset;
    try {
      const { content } = await getJson(`/api/messages/${id}`);
      composer.turn("edit", { id, words: wordsOf(row), content });
    } catch (error) {
      composer.say(error.message);
    }
  }

  function jump(quote) {
    const row = rows.byId(quote.dataset.of);
    if (!row) {
      location.assign(quote.href);
      return;
    }
    for (const old of $$(".message--target", log)) old.classList.remove("message--target");
    row.classList.add("message--target");
    row.scrollIntoView({ block: "center", behavior: "smooth" });
    row.focus({ preventScroll: true });
  }

  async function copy(text, said) {
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
    announce(said);
  }

  async function copyCode(button) {
    await copy($("pre", button.parentElement).textContent, "Code copied");
    button.dataset.word = "Copied";
    setTimeout(() => (button.dataset.word = "Copy"), 2000);
  }

  const acts = {
    reply,
    edit,
    more: toggle,
    delete: (row) => ask("message:delete", { message_id: row.dataset.id }),
    link: (row, { href }) => copy(href.replace(/#.*/, ""), "Link copied"),
    text: (row) => copy(wordsOf(row), "Text copied"),
    code: (row, button) => copyCode(button),
    jump: (row, quote) => jump(quote),
  };

  async function act(control) {
    const row = rowOf(control);
    const { act: what } = control.dataset;
    if (what) await acts[what](row, control);
    else await react(row, control.value);
    if (what !== "more") close();
  }

  function open(row) {
    if (!usable(row)) return;
    close();
    const { id, seq, sender } = row.dataset;
    menu.dataset.sender = sender;
    // where its links lead in another tab
    const addresses = { reply: `${page}?reply=${seq}`, edit: `${page}?edit=${seq}`, link: `${page}/@${seq}#m${seq}` };
    for (const [what, address] of Object.entries(addresses)) $(`[data-act=${what}]`, menu).href = address;
    for (const button of $$("[formaction]", menu)) {
      button.formAction = button.formAction.replace(/[^/]*(?=\/\w+$)/, id);
    }
    $(".actions", row).append(menu);
    menu.showPopover({ source: $("[data-act=more]", row) });
  }

  function toggle(row) {
    if (row === (opened() ?? pressed)) close();
    else open(row);
    pressed = null;
  }

  log.addEventListener("pointerdown", ({ target }) => {
    pressed = target.closest("[data-act=more]") && opened();
  });

  function move(step) {
    const all = shown();
    const at = all.indexOf(current());
    const row = at < 0 ? all.at(-1) : all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (row) focus(row);
  }

  function key(pressed) {
    if (pressed === "j") return move(1);
    if (pressed === "k") return move(-1);
    const row = current() ?? shown().at(-1);
    if (!usable(row)) return undefined;
    if (pressed === "r") return reply(row);
    if (pressed === "e") return row.dataset.sender === me.id ? edit(row) : undefined;
    focus(row);
    open(row);
    return $(".picker button", menu).focus();
  }

  function editLast() {
    const last = shown().findLast((row) => row.dataset.sender === me.id && usable(row) && row.dataset.type === "text");
    if (last) edit(last);
  }

  return { act, open, key, editLast };
}
