import { $, partOf, settled } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";
import { localTimes } from "../lib/time.js";

/** The directory filters as one types, by asking for the same page and taking its results. */
export function startPeople(form) {
  const field = form.elements.q;
  let asked = field.value;
  let asking;

  async function search() {
    const q = field.value.trim();
    if (q === asked) return;
    asked = q;
    asking?.abort();
    asking = new AbortController();
    const address = new URL(form.action);
    if (q) address.searchParams.set("q", q);
    try {
      const results = partOf(await getHtml(address, { signal: asking.signal }), "people");
      localTimes(results);
      $("#people").replaceChildren(...results.childNodes);
      history.replaceState(null, "", address);
    } catch (error) {
      // Enter still asks for the whole page, which says what is wrong
      if (error.name !== "AbortError") asked = null;
    }
  }

  field.addEventListener("input", settled(search, 180));
}
