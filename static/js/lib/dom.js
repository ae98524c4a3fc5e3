import { oneLine } from "../models/text.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Copy the single element in a <template>. */
export const cloneTemplate = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

export function createElement(tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

/** Create an avatar's picture. */
export function createPicture(src) {
  const picture = createElement("img", "avatar__picture");
  return Object.assign(picture, { loading: "lazy", decoding: "async", alt: "", width: 40, height: 40, src });
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute, or remove it when the value is null. */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Call `callback` once `delay` ms have passed without another call. */
export function debounce(callback, delay) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(callback, delay, ...args);
  };
}

/** Tell screen readers, politely. */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

/** Return a message as one line of plain text, like the template filter `preview_text`. */
export function previewText({ content, content_html: html, deleted_at }) {
  if (deleted_at) return "Message deleted";
  const text = html && new DOMParser().parseFromString(html, "text/html").body.textContent;
  return oneLine(text?.trim() || (content ?? ""));
}

/** Find an element by id in the HTML of one of our own pages. Skips the head: its nonces are for another page, and the
    browser would complain. */
export function findInHtml(html, id) {
  const body = html.slice(Math.max(0, html.indexOf("<body")));
  return new DOMParser().parseFromString(body, "text/html").getElementById(id);
}
