import { avatarHue, initials } from "../models/text.js";
import { createElement, createPicture } from "./dom.js";

/** Create an avatar, a picture or initials, like templates/_partials/avatar.html. */
export function createAvatar(id, name, picture) {
  const avatar = createElement("span", `avatar avatar--${avatarHue(id)}`, picture ? "" : initials(name));
  avatar.setAttribute("aria-hidden", "true");
  if (picture) avatar.append(createPicture(picture));
  return avatar;
}
