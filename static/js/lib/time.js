import "../early.js";

export const { dayKey, clock, dayLabel, shortTime, seenTime, joins, localTimes, arrange } = globalThis.localTime;
