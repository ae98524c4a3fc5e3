/* Runs before the first paint, since modules run too late and the page would shift: puts times into the reader's time
   zone, draws day dividers and runs of messages, scrolls to the right place, makes Enter send. A classic script at the
   end of the page. Modules import its functions from lib/time.js. */
(() => {
  if (globalThis.localTime) return;

  const RUN_MINUTES = 5;
  // Use Intl for the clock only: its first use takes about 10 ms.
  const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  const STORAGE_KEY = "clock";
  let clockFormat;
  let clockTimes; // the formatted time of each minute of a day, cached in localStorage

  const dayKey = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
  const minuteOf = (date) => Math.floor(date.getTime() / 60_000);

  function loadClockTimes() {
    try {
      const [languages, ...times] = JSON.parse(localStorage.getItem(STORAGE_KEY));
      return languages === String(navigator.languages) ? times : [];
    } catch {
      return []; // nothing is stored, or storage is refused
    }
  }

  function saveClockTimes() {
    const times = Array.from({ length: 1440 }, (_, minute) => clock(new Date(2000, 0, 1, 0, minute)));
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify([String(navigator.languages), ...times]));
    } catch {
      // storage is refused or full: the next page formats again
    }
  }

  function clock(date) {
    clockTimes ??= loadClockTimes();
    const cached = clockTimes[date.getHours() * 60 + date.getMinutes()];
    if (cached) return cached;
    clockFormat ??= new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
    return clockFormat.format(date);
  }

  const weekday = (date) => DAYS[date.getDay()];
  const month = (date) => MONTHS[date.getMonth()];
  const fullDay = (date) => `${date.getDate()} ${month(date)} ${date.getFullYear()}`;
  const sameYear = (date, now) => date.getFullYear() === now.getFullYear();

  /** Count the midnights between two dates, in the reader's time zone. */
  function daysAgo(date, now) {
    const midnight = (day) => Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
    return Math.round((midnight(now) - midnight(date)) / 86_400_000);
  }

  /** Format for a divider: "Today", "Yesterday", "Monday 5 January", "5 January 2024". */
  function dayLabel(date, now = new Date()) {
    const days = daysAgo(date, now);
    if (days === 0) return "Today";
    if (days === 1) return "Yesterday";
    return sameYear(date, now) ? `${weekday(date)} ${date.getDate()} ${month(date)}` : fullDay(date);
  }

  /** Format for lists, like the template filter `short_time`: "14:03", "Mon", "5 Jan", "5 Jan 2024". */
  function shortTime(date, now = new Date()) {
    const days = daysAgo(date, now);
    if (days <= 0) return clock(date);
    if (days < 7) return weekday(date).slice(0, 3);
    return `${date.getDate()} ${month(date).slice(0, 3)}${sameYear(date, now) ? "" : ` ${date.getFullYear()}`}`;
  }

  /** Format for "Last seen …": "today at 14:03", "yesterday at 9:12", "on 5 January 2024". */
  function seenTime(date, now = new Date()) {
    const days = daysAgo(date, now);
    if (days <= 0) return `today at ${clock(date)}`;
    if (days === 1) return `yesterday at ${clock(date)}`;
    return `on ${dayLabel(date, now)}`;
  }

  /** Format for "Muted until …": "14:03", "7 January, 14:03". */
  const untilTime = (date, now = new Date()) =>
    `${daysAgo(date, now) === 0 ? "" : `${date.getDate()} ${month(date)}, `}${clock(date)}`;

  /** Check whether a message continues the run that `first` starts. Both are `{sender, type, date}`. */
  function joinsRun(first, message) {
    return (
      first.sender === message.sender &&
      first.type !== "system" &&
      message.type !== "system" &&
      dayKey(first.date) === dayKey(message.date) &&
      minuteOf(message.date) - minuteOf(first.date) <= RUN_MINUTES
    );
  }

  const formats = { clock, short: shortTime, seen: seenTime, until: untilTime };

  /** Write every <time data-format> in `root` in the reader's time zone. */
  function localizeTimes(root) {
    for (const time of root.querySelectorAll("time[data-format]")) {
      const format = formats[time.dataset.format];
      if (!format || !time.dateTime) continue;
      const date = new Date(time.dateTime);
      const text = format(date);
      if (time.textContent !== text) time.textContent = text;
      if (!time.title) time.title = `${fullDay(date)}, ${clock(date)}`;
    }
  }

  const isDivider = (row, kind) => Boolean(row?.classList.contains(`divider--${kind}`));

  function createDayDivider(key) {
    const divider = document.createElement("li");
    divider.className = "divider divider--day";
    divider.dataset.day = key;
    divider.append(document.createElement("span"));
    return divider;
  }

  /** Update the day dividers and the runs in a list of messages; changes only what differs. */
  function arrange(list) {
    const unused = new Set(list.querySelectorAll(":scope > .divider--day"));
    let day = null;
    let first = null;
    for (const row of list.querySelectorAll(":scope > .message")) {
      const { sender, type, created } = row.dataset;
      const message = { sender, type, date: new Date(created) };
      const key = dayKey(message.date);
      if (key !== day) {
        const firstOfDay = isDivider(row.previousElementSibling, "new") ? row.previousElementSibling : row;
        let divider = firstOfDay.previousElementSibling;
        if (!isDivider(divider, "day")) {
          divider = createDayDivider(key);
          firstOfDay.before(divider);
        }
        unused.delete(divider);
        divider.dataset.day = key;
        const label = dayLabel(message.date);
        if (divider.firstElementChild.textContent !== label) divider.firstElementChild.textContent = label;
        day = key;
      }
      const joined = Boolean(first) && !isDivider(row.previousElementSibling, "new") && joinsRun(first, message);
      row.classList.toggle("message--joined", joined);
      if (!joined) first = message;
    }
    for (const divider of unused) divider.remove();
  }

  globalThis.localTime = { dayKey, clock, dayLabel, shortTime, seenTime, joinsRun, localizeTimes, arrange };

  if (typeof document === "undefined") return;

  localizeTimes(document);
  const messages = document.getElementById("messages");
  if (messages) arrange(messages);
  const { focus } = document.getElementById("log")?.dataset ?? {};
  const target = document.getElementById(focus ? `m${focus}` : location.hash.slice(1) || "none");
  target?.scrollIntoView({ block: target.id === "new" ? "start" : "center" });
  if (focus) target?.classList.add("message--target");
  if (!target) messages?.querySelector(".divider--new")?.scrollIntoView({ block: "start" });

  if (clockFormat) addEventListener("load", () => setTimeout(saveClockTimes, 500));

  const composer = document.getElementById("composer");
  const touchScreen = matchMedia("(hover: none) and (pointer: coarse)");
  composer?.elements.content.addEventListener("keydown", (event) => {
    // Safari sends key code 229 for the Enter that ends a composition
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const modified = event.shiftKey || event.altKey;
    if (touchScreen.matches || (composer.dataset.enter ? !(modified || event.ctrlKey || event.metaKey) : modified)) return;
    event.preventDefault();
    if (event.target.value.trim()) composer.requestSubmit();
  });

  const list = document.getElementById("conversations");
  if (list) {
    try {
      list.scrollTop = Number(sessionStorage.getItem("sidebar-scroll") ?? 0);
    } catch {
      // storage is refused: the list starts at the top
    }
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }
})();
