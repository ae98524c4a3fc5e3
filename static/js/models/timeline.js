/** A conversation's known version, and the range of messages that the page shows. */
export class Timeline {
  constructor({ version, first, last, hasBefore, hasAfter }) {
    this.version = version;
    this.first = first;
    this.last = last;
    this.hasBefore = hasBefore;
    this.hasAfter = hasAfter;
  }

  /** Compare a live event's version with the known one: at a "gap", events are missing. */
  accept(version) {
    if (version <= this.version) return "known";
    if (version > this.version + 1) return "gap";
    this.version = version;
    return "next";
  }

  /** Mark everything up to `version` as known. */
  advanceTo(version) {
    this.version = Math.max(this.version, version);
  }

  /** Check whether a message belongs to the shown range or continues it. */
  covers(seq) {
    if (this.hasBefore && seq < this.first) return false;
    return !(this.hasAfter && seq > this.last);
  }

  /** Extend the shown range to a message. */
  include(seq) {
    this.first = Math.min(this.first ?? seq, seq);
    this.last = Math.max(this.last ?? seq, seq);
  }
}
