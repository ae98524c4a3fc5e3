const loading = new Map();

/** Load a style sheet that most pages don't need, once; resolves when it has loaded or failed. */
export function loadStylesheet(name) {
  if (!loading.has(name)) {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: new URL(`../../css/${name}`, import.meta.url).href });
    loading.set(name, new Promise((resolve) => (link.onload = link.onerror = resolve)));
    document.head.append(link);
  }
  return loading.get(name);
}
