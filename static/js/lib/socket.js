import { io } from "../../vendor/socket.io-client-4.8.4.esm.min.js";
import { Refused, Unanswered } from "./http.js";

const ANSWER_WITHIN = 10_000;

/** The connection to the server: events in, requests out, and whether it stands. */
export class Line {
  #socket;
  #refused = false;

  /** `user` is whose page this is: nobody else who signs in meanwhile gets its line. */
  constructor(user) {
    this.#socket = io({
      auth: { dialect: "colon", user_id: user },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
    });
    // Don't sit out the pause between attempts when there is reason to think that one would succeed now.
    const hurry = () => this.connected || this.#refused || this.retry();
    addEventListener("online", hurry);
    // The library believes this event, but not on localhost; asking anew finds out everywhere.
    addEventListener("offline", () => this.#refused || this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || hurry());
    // Sent away, by signing out elsewhere for one: asking again tells why.
    this.#socket.on("disconnect", (reason) => reason === "io server disconnect" && setTimeout(hurry, 500));
  }

  get connected() {
    return this.#socket.connected;
  }

  on(event, handler) {
    this.#socket.on(event, handler);
  }

  /** `up()` on every (re)connect, `down()` when it is lost, `refused(error)` when the server won't have us. */
  watch({ up = () => {}, down = () => {}, refused = () => {} }) {
    this.#socket.on("connect", up);
    this.#socket.on("disconnect", down);
    this.#socket.on("connect_error", (error) => {
      down();
      // Refused by the server, not unreachable: the library doesn't try again by itself.
      if (this.#socket.active) return;
      const why = new Refused(error.data?.error ?? { code: error.message });
      this.#refused = why.code === "unauthenticated"; // until the page is loaded anew
      refused(why);
    });
  }

  retry() {
    this.#socket.disconnect().connect();
  }

  /** The acknowledgement of an event; throws Refused, or Unanswered when none came. */
  async request(event, data) {
    if (!this.connected) throw Object.assign(new Unanswered("Not connected."), { offline: true });
    let answer;
    try {
      answer = await this.#socket.timeout(ANSWER_WITHIN).emitWithAck(event, data);
    } catch (error) {
      throw new Unanswered("No answer came.", { cause: error });
    }
    if (!answer?.ok) throw new Refused(answer?.error);
    return answer;
  }
}
