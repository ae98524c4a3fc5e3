/** Return the first letters of the first and last word, like the template filter `initials`. */
export function initials(name) {
  const words = (name ?? "").trim().split(/\s+/u).filter(Boolean);
  if (!words.length) return "?";
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return ends.map((word) => [...word][0].toUpperCase()).join("");
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Isolate a right-to-left name, so that it doesn't reorder the text around it; like the template filter `isolated`. */
export const isolated = (name) => (RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name);

/** Pick one of twelve avatar hues for an id, like the template filter `avatar_hue`. */
export const avatarHue = (id) => Number.parseInt(String(id ?? "").replaceAll("-", "").slice(0, 8), 16) % 12 || 0;

const EMOJI =
  /^(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|[\u{E0020}-\u{E007F}]|\u200D\p{Extended_Pictographic})*|\s){1,8}$/u;

/** Check whether a text is 1 to 8 emoji and nothing else, like the template filter `is_emoji_only`. */
export const isEmojiOnly = (text) => Boolean(text) && /\S/u.test(text) && EMOJI.test(text.trim());

/** Collapse white space and cut the text to 200 characters. */
export const oneLine = (text) => text.replace(/\s+/gu, " ").trim().slice(0, 200);

/** Count code points, as the server does. */
export const codePointCount = (text) => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
