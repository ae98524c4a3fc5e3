import "../before_paint.js";

export const { dayKey, clock, dayLabel, shortTime, seenTime, joinsRun, localizeTimes, arrange } = globalThis.localTime;
