import { $, $$, announce, debounce, findInHtml, setText } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";

/** Pick people: filters as the reader types and lists those picked above. Without JavaScript the same form searches on
    the server, and picked people are ticked boxes. */
export function startPeoplePicker(picker) {
  const { form } = picker;
  const field = form.elements.q;
  const picked = $("#picked-people", picker);
  const path = location.pathname;
  let lastQuery = field.value.trim();
  let request;

  const findBox = (root, id) => $$("input[name=member]", root).find(({ value }) => value === id);

  function update() {
    const count = $$("input", picked).length;
    setText($("#picked-count"), count ? `${count} selected` : "");
    for (const row of $$("#found-people li", picker)) row.hidden = Boolean(findBox(picked, $("input", row).value));
  }

  function pick(box) {
    const name = $(".person__name", box.closest("label")).textContent;
    const item = document.createElement("li");
    item.innerHTML =
      '<label class="picked-person"><input type="checkbox" name="member" checked><span class="truncate" dir="auto"></span></label>';
    $("input", item).value = box.value;
    $("span", item).textContent = name;
    picked.append(item);
    box.checked = false;
    update();
    field.focus();
    field.select();
    announce(`${name} selected`);
  }

  async function load(q, cursor) {
    request?.abort();
    request = new AbortController();
    const query = new URLSearchParams({ ...(q && { q }), ...(cursor && { cursor }) });
    try {
      const found = findInHtml(await getHtml(`${path}?${query}`, { signal: request.signal }), "found-people");
      if (cursor) {
        $("#found-people ul", picker).append(...$$("li", found));
        $("#found-people .people-pager").replaceWith(...$$(".people-pager", found));
      } else $("#found-people").replaceChildren(...found.childNodes);
      update();
    } catch (error) {
      if (error.name !== "AbortError") lastQuery = null; // the next key searches again
    }
  }

  function search() {
    const q = field.value.trim();
    if (q === lastQuery) return;
    lastQuery = q;
    load(q);
  }

  field.addEventListener("input", debounce(search, 180));
  picker.addEventListener("change", ({ target }) => {
    if (target.name !== "member") return;
    if (!picked.contains(target)) pick(target);
    else {
      target.closest("li").remove();
      update();
      field.focus();
    }
  });
  picker.addEventListener("click", (event) => {
    if (event.target.id !== "more-people") return;
    event.preventDefault();
    load(lastQuery, event.target.value);
  });
  // Otherwise Enter in a field would press the form's first button.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input:not([type=checkbox])")) return;
    event.preventDefault();
    if (event.target === field) search();
    else form.requestSubmit($("#done"));
  });
  update();
}
