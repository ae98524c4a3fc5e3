/** The server refused a request; carries the API's error code. */
export class ApiError extends Error {
  constructor({ code = "internal", message = "Something went wrong on the server.", fields = {} } = {}) {
    super(Object.values(fields ?? {})[0] ?? message);
    this.code = code;
    this.fields = fields;
  }
}

/** No answer came, so the request may have been carried out or not; `offline` when it wasn't even sent. */
export class NetworkError extends Error {
  offline = false;
}

async function send(url, options) {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  const headers = { ...options.headers, ...(token && { "X-CSRF-Token": token }) };
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new NetworkError("Can’t reach the server.", { cause: error });
  }
  if (response.ok && !response.redirected) return response;
  // A redirect leads to the login page: the session has ended.
  if (response.redirected) throw new ApiError({ code: "unauthenticated", message: "You’ve been logged out." });
  const body = await response.json().catch(() => ({}));
  throw new ApiError(body.error ?? { code: response.status === 401 ? "unauthenticated" : "internal" });
}

/** Fetch JSON from our own API. */
export async function getJson(path, query = {}) {
  const search = new URLSearchParams({ ...query, dialect: "colon" });
  const response = await send(`${path}?${search}`, { headers: { Accept: "application/json" } });
  return response.json();
}

/** Fetch the HTML of a page, or of a part of one. */
export async function getHtml(url, { signal } = {}) {
  const response = await send(url, { signal, headers: { Accept: "text/html" } });
  return response.text();
}
