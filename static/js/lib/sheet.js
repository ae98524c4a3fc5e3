const worn = new Map();

/** The page has this style sheet, which not every page needs; it comes once. */
export function wear(name) {
  if (!worn.has(name)) {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: new URL(`../../css/${name}`, import.meta.url).href });
    worn.set(name, new Promise((resolve) => (link.onload = link.onerror = resolve)));
    document.head.append(link);
  }
  return worn.get(name);
}
