/* What can't wait for the modules: times in the reader's zone, day lines, runs of one author and the place to open at,
   or the page would shift after its first paint; and that Enter sends. A classic script at the end of the page. Its pure
   functions are shared with the modules through lib/time.js. */
(() => {
  if (globalThis.localTime) return;

  const RUN_MINUTES = 5;
  // Not Intl but for the clock: to wake it takes some ten milliseconds, before the first paint.
  const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  const CLOCK = "clock";
  let clockFormat;
  let clockTimes; // what it says of every minute of a day, kept from page to page

  const dayKey = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
  const minuteOf = (date) => Math.floor(date.getTime() / 60_000);

  function knownTimes() {
    try {
      const [languages, ...times] = JSON.parse(localStorage.getItem(CLOCK));
      return languages === String(navigator.languages) ? times : [];
    } catch {
      return []; // nothing was kept, or storage is refused
    }
  }

  function keepTimes() {
    const times = Array.from({ length: 1440 }, (_, minute) => clock(new Date(2000, 0, 1, 0, minute)));
    try {
      localStorage.setItem(CLOCK, JSON.stringify([String(navigator.languages), ...times]));
    } catch {
      // the next page asks Intl again
    }
  }

  function clock(date) {
    clockTimes ??= knownTimes();
    const known = clockTimes[date.getHours() * 60 + date.getMinutes()];
    if (known) return known;
    clockFormat ??= new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
    return clockFormat.format(date);
  }

  const weekday = (date) => DAYS[date.getDay()];
  const month = (date) => MONTHS[date.getMonth()];
  const fullDay = (date) => `${date.getDate()} ${month(date)} ${date.getFullYear()}`;
  const sameYear = (date, now) => date.getFullYear() === now.getFullYear();

  /** How many midnights lie between, in the reader's zone. */
  function daysAgo(date, now) {
    const midnight = (day) => Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
    return Math.round((midnight(now) - midnight(date)) / 86_400_000);
  }

  /** "Today", "Yesterday", "Monday 5 January", "5 January 2024". */
  function dayLabel(date, now = new Date()) {
    const days = daysAgo(date, now);
    if (days === 0) return "Today";
    if (days === 1) return "Yesterday";
    return sameYear(date, now) ? `${weekday(date)} ${date.getDate()} ${month(date)}` : fullDay(date);
  }

  /** For lists, as the template filter `short_time`: "14:03", "Mon", "5 Jan", "5 Jan 2024". */
  function shortTime(date, now = new Date()) {
    const days = daysAgo(date, now);
    if (days <= 0) return clock(date);
    if (days < 7) return weekday(date).slice(0, 3);
    return `${date.getDate()} ${month(date).slice(0, 3)}${sameYear(date, now) ? "" : ` ${date.getFullYear()}`}`;
  }

  /** "today at 14:03", "yesterday at 9:12", "on 5 January 2024". */
  function seenTime(date, now = new Date()) {
    const days = daysAgo(date, now);
    if (days <= 0) return `today at ${clock(date)}`;
    if (days === 1) return `yesterday at ${clock(date)}`;
    return `on ${dayLabel(date, now)}`;
  }

  /** "14:03", "7 January, 14:03". */
  const untilTime = (date, now = new Date()) =>
    `${daysAgo(date, now) === 0 ? "" : `${date.getDate()} ${month(date)}, `}${clock(date)}`;

  /** Whether a message goes under the head of the run begun by `head`; both `{sender, type, date}`. */
  function joins(head, message) {
    return (
      head.sender === message.sender &&
      head.type !== "system" &&
      message.type !== "system" &&
      dayKey(head.date) === dayKey(message.date) &&
      minuteOf(message.date) - minuteOf(head.date) <= RUN_MINUTES
    );
  }

  const formats = { clock, short: shortTime, seen: seenTime, until: untilTime };

  /** Writes every <time data-as> under `root` in the reader's zone. */
  function localTimes(root) {
    for (const time of root.querySelectorAll("time[data-as]")) {
      const format = formats[time.dataset.as];
      if (!format || !time.dateTime) continue;
      const date = new Date(time.dateTime);
      const text = format(date);
      if (time.textContent !== text) time.textContent = text;
      if (!time.title) time.title = `${fullDay(date)}, ${clock(date)}`;
    }
  }

  const isLine = (row, kind) => Boolean(row?.classList.contains(`line--${kind}`));

  function dayLine(key) {
    const line = document.createElement("li");
    line.className = "line line--day";
    line.dataset.day = key;
    line.append(document.createElement("span"));
    return line;
  }

  /** Puts day lines between the messages of a list and marks those that go on a run; changes only what differs. */
  function arrange(list) {
    const left = new Set(list.querySelectorAll(":scope > .line--day"));
    let day = null;
    let head = null;
    for (const row of list.querySelectorAll(":scope > .message")) {
      const { sender, type, created } = row.dataset;
      const message = { sender, type, date: new Date(created) };
      const key = dayKey(message.date);
      if (key !== day) {
        const after = isLine(row.previousElementSibling, "new") ? row.previousElementSibling : row;
        let line = after.previousElementSibling;
        if (!isLine(line, "day")) {
          line = dayLine(key);
          after.before(line);
        }
        left.delete(line);
        line.dataset.day = key;
        const label = dayLabel(message.date);
        if (line.firstElementChild.textContent !== label) line.firstElementChild.textContent = label;
        day = key;
      }
      const joined = Boolean(head) && !isLine(row.previousElementSibling, "new") && joins(head, message);
      row.classList.toggle("message--joined", joined);
      if (!joined) head = message;
    }
    for (const line of left) line.remove();
  }

  globalThis.localTime = { dayKey, clock, dayLabel, shortTime, seenTime, joins, localTimes, arrange };

  if (typeof document === "undefined") return;

  localTimes(document);
  const messages = document.getElementById("messages");
  if (messages) arrange(messages);
  const { focus } = document.getElementById("log")?.dataset ?? {};
  const wanted = document.getElementById(focus ? `m${focus}` : location.hash.slice(1) || "none");
  wanted?.scrollIntoView({ block: wanted.id === "new" ? "start" : "center" });
  if (focus) wanted?.classList.add("message--target");
  if (!wanted) messages?.querySelector(".line--new")?.scrollIntoView({ block: "start" });

  if (clockFormat) addEventListener("load", () => setTimeout(keepTimes, 500));

  const composer = document.getElementById("composer");
  const touch = matchMedia("(hover: none) and (pointer: coarse)");
  composer?.elements.content.addEventListener("keydown", (event) => {
    // 229: Safari says so for the Enter that ends a composition
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const shifted = event.shiftKey || event.altKey;
    if (touch.matches || (composer.dataset.enter ? !(shifted || event.ctrlKey || event.metaKey) : shifted)) return;
    event.preventDefault();
    if (event.target.value.trim()) composer.requestSubmit();
  });

  const list = document.getElementById("conversations");
  if (list) {
    try {
      list.scrollTop = Number(sessionStorage.getItem("sidebar-scroll") ?? 0);
    } catch {
      // storage may be refused; then the list starts at its top
    }
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }
})();
