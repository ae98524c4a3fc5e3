import { io } from "../../vendor/socket.io-client-4.8.4.esm.min.js";
import { ApiError, NetworkError } from "./http.js";

const ACK_TIMEOUT_MS = 10_000;

/** The Socket.IO connection: events in, requests out, and its state. */
export class SocketClient {
  #socket;
  #loggedOut = false;

  /** Connect as `userId`; the server refuses if another person is logged in by now. */
  constructor(userId) {
    this.#socket = io({
      auth: { dialect: "colon", user_id: userId },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
    });
    // Don't wait for the next attempt when one would probably succeed now.
    const retryNow = () => this.connected || this.#loggedOut || this.retry();
    addEventListener("online", retryNow);
    // Socket.IO disconnects on "offline", but localhost may still be reachable.
    addEventListener("offline", () => this.#loggedOut || this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || retryNow());
    // Closed by the server, for example after a logout elsewhere: reconnecting tells why.
    this.#socket.on("disconnect", (reason) => reason === "io server disconnect" && setTimeout(retryNow, 500));
  }

  get connected() {
    return this.#socket.connected;
  }

  on(event, handler) {
    this.#socket.on(event, handler);
  }

  /** Listen for every connect and disconnect, and for refusal by the server. */
  watch({ onConnect = () => {}, onDisconnect = () => {}, onRefused = () => {} }) {
    this.#socket.on("connect", onConnect);
    this.#socket.on("disconnect", onDisconnect);
    this.#socket.on("connect_error", (error) => {
      onDisconnect();
      // An active socket couldn't reach the server and tries again; a refused one doesn't.
      if (this.#socket.active) return;
      const refusal = new ApiError(error.data?.error ?? { code: error.message });
      this.#loggedOut = refusal.code === "unauthenticated"; // until the page is reloaded
      onRefused(refusal);
    });
  }

  retry() {
    this.#socket.disconnect().connect();
  }

  /** Emit an event and return its acknowledgement; throws ApiError, or NetworkError when none came. */
  async request(event, data) {
    if (!this.connected) throw Object.assign(new NetworkError("Not connected."), { offline: true });
    let ack;
    try {
      ack = await this.#socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, data);
    } catch (error) {
      throw new NetworkError("The server didn’t answer.", { cause: error });
    }
    if (!ack?.ok) throw new ApiError(ack?.error);
    return ack;
  }
}
