/** The server answered, and not with what was asked for; carries the contract's code. */
export class Refused extends Error {
  constructor({ code = "internal", message = "Something went wrong on the server.", fields = {} } = {}) {
    super(Object.values(fields ?? {})[0] ?? message);
    this.code = code;
    this.fields = fields;
  }
}

/** No answer came, so what was asked may have happened or not; `offline` when it wasn't even sent. */
export class Unanswered extends Error {
  offline = false;
}

async function ask(address, options) {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  const headers = { ...options.headers, ...(token && { "X-CSRF-Token": token }) };
  let answer;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unanswered("The server can’t be reached.", { cause: error });
  }
  if (answer.ok && !answer.redirected) return answer;
  // a page that answers with another one, the log-in, says that the session ended
  if (answer.redirected) throw new Refused({ code: "unauthenticated", message: "You have been logged out." });
  const body = await answer.json().catch(() => ({}));
  throw new Refused(body.error ?? { code: answer.status === 401 ? "unauthenticated" : "internal" });
}

/** The JSON of one of our own API's addresses. */
export async function getJson(path, query = {}) {
  const search = new URLSearchParams({ ...query, dialect: "colon" });
  const answer = await ask(`${path}?${search}`, { headers: { Accept: "application/json" } });
  return answer.json();
}

/** The HTML of a page or of a part of one. */
export async function getHtml(address, { signal } = {}) {
  const answer = await ask(address, { signal, headers: { Accept: "text/html" } });
  return answer.text();
}
