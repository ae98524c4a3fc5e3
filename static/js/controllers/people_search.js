import { $, debounce, findInHtml } from "../lib/dom.js";
import { getHtml } from "../lib/http.js";
import { localizeTimes } from "../lib/time.js";

/** Filter a list of people as the reader types: fetches the same page and takes its results. */
export function startPeopleSearch(form) {
  const field = form.elements.q;
  let lastQuery = field.value;
  let request;

  async function search() {
    const q = field.value.trim();
    if (q === lastQuery) return;
    lastQuery = q;
    request?.abort();
    request = new AbortController();
    const url = new URL(form.action);
    if (q) url.searchParams.set("q", q);
    try {
      const results = findInHtml(await getHtml(url, { signal: request.signal }), "people");
      localizeTimes(results);
      $("#people").replaceChildren(...results.childNodes);
      history.replaceState(null, "", url);
    } catch (error) {
      // Enter still loads the whole page, which shows the error.
      if (error.name !== "AbortError") lastQuery = null;
    }
  }

  field.addEventListener("input", debounce(search, 180));
}
