// Programs as other people wrote them for the older back ends, and one for this server's own contract. Each uses what its
// contract names and nothing else. All of them have: `id`, `heard` (events as they came), `open()`, `close()`.

import { io } from "socket.io-client";

export const PASSWORD = "correct horse battery";

/** Resolves when `true_()` is; fails with `what` after a minute and a half. */
export async function until(true_, what) {
  const end = Date.now() + 90_000;
  while (!true_()) {
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Prints what was seen, as JSON, and ends. */
export function finish(seen) {
  process.stdout.write(JSON.stringify(seen), () => process.exit(0));
}

async function call(url, method, path, { body, headers = {} } = {}) {
  const answer = await fetch(url + path, {
    method,
    headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null, headers: answer.headers };
}

class Client {
  heard = [];

  constructor(url) {
    this.url = url;
  }

  /** Connects, and keeps every event that comes. */
  async connect(options) {
    this.socket = io(this.url, { reconnection: false, transports: ["websocket"], ...options });
    this.socket.onAny((event, payload) => this.heard.push([event, payload]));
    await new Promise((resolve, reject) => {
      this.socket.once("connect", resolve);
      this.socket.once("connect_error", reject);
    });
  }

  messages(event) {
    return this.heard.filter(([name]) => name === event).map(([, payload]) => payload);
  }

  close() {
    this.socket.disconnect();
  }
}

class Bearer extends Client {
  async call(method, path, body) {
    return call(this.url, method, path, { body, headers: { Authorization: `Bearer ${this.token}` } });
  }

  async ok(method, path, body) {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

/** colon.md */
export class Colon extends Bearer {
  event = "message:received";

  async register(name) {
    const body = { email: `${name}@example.org`, password: PASSWORD, name, username: name };
    const { status, body: answer } = await call(this.url, "POST", "/api/auth/register", { body });
    if (status !== 201) throw new Error(JSON.stringify(answer));
    this.token = answer.token;
    this.id = answer.user.id;
    return answer;
  }

  open() {
    return this.connect({ auth: { token: this.token } });
  }

  async say(conversation_id, content) {
    const answer = await this.socket.timeout(10_000).emitWithAck("message:send", { conversation_id, content });
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  }
}

/** camel.md: colon's REST, events of its own */
export class Camel extends Colon {
  event = "receiveMessage";

  open() {
    return this.connect({ auth: { token: this.token }, query: { userId: this.id } });
  }

  async say(conversation_id, content) {
    const answer = await this.socket.timeout(10_000).emitWithAck("sendMessage", { conversation_id, content, type: "text" });
    if (answer.error) throw new Error(JSON.stringify(answer));
    return answer;
  }
}

/** kebab.md */
export class Kebab extends Bearer {
  event = "receive-message";

  async register(name) {
    const email = `${name}@example.org`;
    const body = { email, password: PASSWORD, fullName: name };
    const registered = await call(this.url, "POST", "/auth/register", { body });
    if (registered.status !== 201) throw new Error(JSON.stringify(registered.body));
    const login = await call(this.url, "POST", "/auth/login", { body: { email, password: PASSWORD } });
    this.token = login.body.session.access_token;
    this.id = login.body.user.id;
    return { registered: registered.body, login: login.body };
  }

  async open() {
    await this.connect({ auth: { token: this.token } });
    // Its dialect is known from here on: what happens before is told in colon's, which its clients don't hear.
    await this.socket.timeout(10_000).emitWithAck("join", this.id);
  }

  say(receiver_id, content, is_group = false) {
    this.socket.emit("send-message", { sender_id: this.id, receiver_id, content, is_group });
  }
}

/** cookie.md */
export class Cookie extends Client {
  event = "newMessage";

  async call(method, path, body, headers = {}) {
    // A browser sends Origin by itself.
    const own = { Cookie: this.cookie ?? "", Origin: this.url };
    return call(this.url, method, path, { body, headers: { ...own, ...headers } });
  }

  async register(name) {
    const answer = await this.call("POST", "/api/auth/signup", {
      fullName: name,
      username: name,
      password: PASSWORD,
      confirmPassword: PASSWORD,
      gender: "female",
    });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    this.keep(answer);
    this.id = answer.body._id;
    return answer.body;
  }

  /** What a browser does with Set-Cookie. */
  keep(answer) {
    this.set = answer.headers.getSetCookie().find((line) => line.startsWith("jwt="));
    this.cookie = this.set.split(";")[0];
  }

  open() {
    return this.connect({ extraHeaders: { Cookie: this.cookie, Origin: this.url }, query: { userId: this.id } });
  }

  async say(receiver_id, message) {
    const answer = await this.call("POST", `/api/messages/send/${receiver_id}`, { message });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  }
}
