// A flag, a keycap, or an emoji with its modifiers and those joined to it.
const EMOJI =
  "\\p{RI}{2}|[0-9#*]\\uFE0F?\\u20E3|(?![0-9#*\\p{RI}])\\p{Emoji}(?:\\uFE0F|\\p{EMod}|[\\u{E0020}-\\u{E007F}]|\\u200D\\p{Emoji})*";
const INITIAL = new RegExp(`${EMOJI}|[\\p{L}\\p{N}]\\p{M}*`, "u");
const EMOJI_ONLY = new RegExp(`^(?:${EMOJI}){1,8}$`, "u");

/** Return the first letter, digit or emoji of the first and last word, like the template filter `initials`. */
export function initials(name) {
  const letters = name.split(/\s+/u).flatMap((word) => INITIAL.exec(word)?.[0] ?? []);
  return letters.length ? [letters[0], ...letters.slice(1).slice(-1)].join("").toUpperCase() : "?";
}

const RIGHT_TO_LEFT = /(?=\p{L})[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Isolate a right-to-left name from the text around it, like the template filter `isolated`. */
export const isolated = (name) => (RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name);

/** Pick one of twelve avatar hues for an id, like the template filter `avatar_hue`. */
export const avatarHue = (id) => Number.parseInt(/^[0-9a-f]{8}/.exec(id)?.[0] ?? 0, 16) % 12;

/** Check whether a text is 1 to 8 emoji and nothing else, like the template filter `is_emoji_only`. */
export const isEmojiOnly = (text) => EMOJI_ONLY.test((text ?? "").replace(/\s+/gu, ""));

/** Collapse white space and cut the text to 200 characters. */
export const oneLine = (text) => [...text.replace(/\s+/gu, " ").trim()].slice(0, 200).join("");

/** Count code points, as the server does. */
export const codePointCount = (text) => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
