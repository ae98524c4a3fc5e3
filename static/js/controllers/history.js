import { getJson } from "../lib/http.js";

const PAGE_SIZE = 40;
const PRELOAD_MARGIN = "900px 0px";

/** Load older and newer messages before the reader reaches the end of what is shown. `links` are the page's own links to
    them, which work without JavaScript. */
export function startHistory(log, { links, timeline, url, onPage, onEnd }) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) load(entry.target);
    },
    { root: log, rootMargin: PRELOAD_MARGIN },
  );

  async function load(link) {
    const older = link === links.older;
    observer.unobserve(link);
    try {
      const bound = older ? { before: timeline.first } : { after: timeline.last };
      const { items, has_more: more } = await getJson(url, { ...bound, limit: PAGE_SIZE });
      if (older) timeline.hasBefore = more;
      else timeline.hasAfter = more;
      onPage(items);
      if (!more) onEnd({ older });
      else observer.observe(link);
    } catch {
      setTimeout(() => observer.observe(link), 3000);
    }
  }

  if (links.older && timeline.hasBefore) observer.observe(links.older);
  if (links.newer && timeline.hasAfter) observer.observe(links.newer);
}
