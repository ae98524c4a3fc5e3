/** The first letters of the first and the last word; the template filter `initials` does the same. */
export function initials(name) {
  const words = (name ?? "").trim().split(/\s+/u).filter(Boolean);
  if (!words.length) return "?";
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return ends.map((word) => [...word][0].toUpperCase()).join("");
}

const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name for within other text, whose order one from right to left leaves as it is; the filter `isolated` does the same. */
export const isolated = (name) => (FROM_RIGHT.test(name) ? `\u2068${name}\u2069` : name);

/** Which of the twelve hues belongs to an id; the template filter `avatar_hue` does the same. */
export const avatarHue = (id) => Number.parseInt(String(id ?? "").replaceAll("-", "").slice(0, 8), 16) % 12 || 0;

const EMOJI =
  /^(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|[\u{E0020}-\u{E007F}]|\u200D\p{Extended_Pictographic})*|\s){1,8}$/u;

/** Whether a text is 1 to 8 emoji and nothing else; the template filter `is_emoji_only` does the same. */
export const isEmojiOnly = (text) => Boolean(text) && /\S/u.test(text) && EMOJI.test(text.trim());

/** How long a text is as the server counts: in code points. */
export const lengthOf = (text) => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
