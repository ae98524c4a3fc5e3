import { avatarHue, initials } from "../models/text.js";
import { make, pictureOf } from "./dom.js";

/** Somebody's picture, else their initials, as templates/_partials/avatar.html draws it. */
export function drawAvatar(id, name, picture) {
  const drawn = make("span", `avatar avatar--${avatarHue(id)}`, picture ? "" : initials(name));
  drawn.setAttribute("aria-hidden", "true");
  if (picture) drawn.append(pictureOf(picture));
  return drawn;
}
