/** The clocks of this machine, in milliseconds. */
export interface Instant {
  wall: number;
  steady: number;
}

export function readClocks(): Instant {
  return { wall: Date.now(), steady: performance.now() };
}

/** The earliest and the latest time that it may be at the server, in milliseconds since 1970. */
export interface TimeRange {
  earliest: number;
  latest: number;
}

/**
 * The clock of the server, as far as an answer shows it: the server read it between the request and the response.
 *
 * Both clocks of the machine count, as neither is reliable: the wall clock can be set, and the steady one may stand still
 * while the machine sleeps. A role counts only if it is held over the whole range, so that an error never shows a role too
 * long or too early.
 */
export class ServerClock {
  readonly #at: number;
  readonly #roundTrip: number;
  readonly #receivedAt: Instant;

  constructor(at: number, sentAt: Instant, receivedAt: Instant) {
    this.#at = at;
    this.#roundTrip = between(sentAt, receivedAt).longest;
    this.#receivedAt = receivedAt;
  }

  range(now: Instant): TimeRange {
    const { shortest, longest } = between(this.#receivedAt, now);
    return { earliest: this.#at + shortest, latest: this.#at + this.#roundTrip + longest };
  }

  /** The longest time since the answer arrived, in milliseconds. */
  age(now: Instant): number {
    return between(this.#receivedAt, now).longest;
  }
}

function between(from: Instant, to: Instant): { shortest: number; longest: number } {
  const [wall, steady] = [Math.max(0, to.wall - from.wall), Math.max(0, to.steady - from.steady)];
  return { shortest: Math.min(wall, steady), longest: Math.max(wall, steady) };
}
