// Answer the cases of tests/support/parity_cases.json with the scripts' own functions, as JSON on stdout.
import { readFileSync } from "node:fs";

import { previewText } from "../../static/js/lib/dom.js";
import { shortTime } from "../../static/js/lib/time.js";
import { avatarHue, initials, isEmojiOnly, isolated } from "../../static/js/models/text.js";

const helpers = {
  initials,
  avatar_hue: avatarHue,
  is_emoji_only: isEmojiOnly,
  isolated,
  preview_text: previewText,
  short_time: ([time, now]) => shortTime(new Date(time), new Date(now)),
};

const cases = JSON.parse(readFileSync(new URL("../support/parity_cases.json", import.meta.url), "utf8"));
const answers = Object.entries(cases).map(([name, rows]) => [name, rows.map(([given]) => helpers[name](given))]);
console.log(JSON.stringify(Object.fromEntries(answers)));
