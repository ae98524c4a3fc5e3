import { getJson } from "../lib/http.js";

const PAGE = 40;
const AHEAD = "900px 0px";

/** Loads older and newer pages before one reaches the end of what is shown. `edges` are the page's own links to them,
    which stay what they are for whoever has no script. */
export function startHistory(log, { edges, timeline, address, onPage }) {
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) load(entry.target);
    },
    { root: log, rootMargin: AHEAD },
  );

  async function load(edge) {
    const older = edge === edges.before;
    watcher.unobserve(edge);
    try {
      const bound = older ? { before: timeline.first } : { after: timeline.last };
      const { items, has_more: more } = await getJson(address, { ...bound, limit: PAGE });
      if (older) timeline.hasBefore = more;
      else timeline.hasAfter = more;
      onPage(items);
      if (!more) edges.done(older);
      else watcher.observe(edge);
    } catch {
      setTimeout(() => watcher.observe(edge), 3000);
    }
  }

  if (edges.before && timeline.hasBefore) watcher.observe(edges.before);
  if (edges.after && timeline.hasAfter) watcher.observe(edges.after);
}
