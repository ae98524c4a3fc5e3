export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A copy of a <template>'s one element. */
export const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

export function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** The picture in an avatar's box, which has its size: nothing moves when it comes. */
export function pictureOf(src) {
  const picture = make("img", "avatar__picture");
  return Object.assign(picture, { loading: "lazy", decoding: "async", alt: "", width: 40, height: 40, src });
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute, or takes it away where the value is null. */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Calls `work` when `delay` ms have passed without another call. */
export function settled(work, delay) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(work, delay, ...args);
  };
}

/** Tells a screen reader, politely. */
export function announce(text) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = text;
}

/** What a message says, in one line without its marks; the template filter `words` does the same. */
export function wordsOf({ content, content_html: html, deleted_at }) {
  if (deleted_at) return "Message deleted";
  const text = html && new DOMParser().parseFromString(html, "text/html").body.textContent;
  return (text?.trim() || (content ?? "")).replace(/\s+/gu, " ").trim().slice(0, 200);
}

/** The element with `id` out of a page of our own server. Without the page's head: another page's nonces are no good
    here, and the browser would say so. */
export function partOf(html, id) {
  const body = html.slice(Math.max(0, html.indexOf("<body")));
  return new DOMParser().parseFromString(body, "text/html").getElementById(id);
}
