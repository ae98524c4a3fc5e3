/** What a page knows of a conversation: up to which version, and which stretch of messages it shows. */
export class Timeline {
  constructor({ version, first, last, hasBefore, hasAfter }) {
    this.version = version;
    this.first = first;
    this.last = last;
    this.hasBefore = hasBefore;
    this.hasAfter = hasAfter;
  }

  /** Takes a live event's version: "next" counts as known from now on, "known" is old news, at a "gap" one must ask. */
  take(version) {
    if (version <= this.version) return "known";
    if (version > this.version + 1) return "gap";
    this.version = version;
    return "next";
  }

  /** Everything up to `version` is known. */
  reach(version) {
    this.version = Math.max(this.version, version);
  }

  /** Whether a message of this place belongs to the stretch shown, or goes on from its end. */
  shows(seq) {
    if (this.hasBefore && seq < this.first) return false;
    return !(this.hasAfter && seq > this.last);
  }

  /** The stretch shown holds this place now. */
  include(seq) {
    this.first = Math.min(this.first ?? seq, seq);
    this.last = Math.max(this.last ?? seq, seq);
  }
}
