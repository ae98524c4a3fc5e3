import { $, $$, announce, partOf, setText, settled } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";

/** Picking people: filters as one types, and whoever is picked stands above as a chip. Without it the same form asks the
    server, and picked people travel along as ticked boxes. */
export function startPicker(picker) {
  const { form } = picker;
  const field = form.elements.q;
  const chips = $("#picks", picker);
  const address = location.pathname;
  let asked = field.value.trim();
  let asking;

  const boxOf = (root, id) => $$("input[name=member]", root).find(({ value }) => value === id);

  function draw() {
    const count = $$("input", chips).length;
    setText($("#picked-count"), count ? `${count} picked` : "");
    for (const row of $$("#found li", picker)) row.hidden = Boolean(boxOf(chips, $("input", row).value));
  }

  function pick(box) {
    const name = $(".person__name", box.closest("label")).textContent;
    const chip = document.createElement("li");
    chip.innerHTML = '<label class="pick"><input type="checkbox" name="member" checked><span class="cut" dir="auto"></span></label>';
    $("input", chip).value = box.value;
    $("span", chip).textContent = name;
    chips.append(chip);
    box.checked = false;
    draw();
    field.focus();
    field.select();
    announce(`${name} picked`);
  }

  async function load(q, cursor) {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams({ ...(q && { q }), ...(cursor && { cursor }) });
    try {
      const found = partOf(await getHtml(`${address}?${query}`, { signal: asking.signal }), "found");
      if (cursor) {
        $("#found ul", picker).append(...$$("li", found));
        $("#found .people-pager").replaceWith(...$$(".people-pager", found));
      } else $("#found").replaceChildren(...found.childNodes);
      draw();
    } catch (error) {
      if (error.name !== "AbortError") asked = null; // the next key asks again
    }
  }

  function search() {
    const q = field.value.trim();
    if (q === asked) return;
    asked = q;
    load(q);
  }

  field.addEventListener("input", settled(search, 180));
  picker.addEventListener("change", ({ target }) => {
    if (target.name !== "member") return;
    if (!chips.contains(target)) pick(target);
    else {
      target.closest("li").remove();
      draw();
      field.focus();
    }
  });
  picker.addEventListener("click", (event) => {
    if (event.target.id !== "more-people") return;
    event.preventDefault();
    load(asked, event.target.value);
  });
  // Enter in a field would press the form's first button.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input:not([type=checkbox])")) return;
    event.preventDefault();
    if (event.target === field) search();
    else form.requestSubmit($("#done"));
  });
  draw();
}
