import type { AkakoError, Profile } from "@akako/sync/client";
import { ProfileReader, type Answer, type ReaderOptions } from "./profile-reader";
import { readClocks, ServerClock, type Instant } from "./server-clock";
import { LOADING, without, type RolesState } from "./state";
import { toUser } from "./user";
import { heldRoles, isHeld, untilChange } from "./windows";

export interface StoreOptions extends ReaderOptions {
  /** Milliseconds between readings. */
  refetchInterval: number;
  /** Milliseconds for which an answer counts. */
  maxAge: number;
}

interface Reading {
  profile: Profile;
  at: number;
  clock: ServerClock;
}

/** Events after which the page may have been asleep, out of sight or offline. */
const WAKING = ["focus", "online", "pageshow"] as const;
/** The longest delay of a timer. */
const LONGEST = 2 ** 31 - 1;
/** Milliseconds until a reading that failed is repeated. */
const AFTER_FAILURE = 10_000;
const FOREVER: Instant = { wall: Infinity, steady: Infinity };

type Timer = ReturnType<typeof setTimeout> | undefined;

/**
 * The roles of one user in one session: reads them, evaluates them by the server's clock, and notifies its listeners when
 * they change. After `maxAge` without a new answer, there are no roles.
 */
export class RolesStore {
  readonly #options: StoreOptions;
  readonly #reader: ProfileReader;
  readonly #listeners = new Set<() => void>();
  /** Counts starts and stops; odd while it runs. */
  #run = 0;
  #state: RolesState = LOADING;
  #reading: Reading | undefined;
  #failure: AkakoError | undefined;
  #flight: { run: number; done: Promise<void> } | undefined;
  #validUntil: Instant = FOREVER;
  #change: Timer;
  #refetch: Timer;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#reader = new ProfileReader(options);
  }

  /** Read the roles, and keep them current until the returned function is called. */
  start(): () => void {
    this.#run += 1;
    const listening = new AbortController();
    const options = { signal: listening.signal };
    for (const name of WAKING) window.addEventListener(name, this.#wake, options);
    document.addEventListener("visibilitychange", this.#wake, options);
    this.#wake();
    return () => {
      this.#run += 1;
      listening.abort();
      clearTimeout(this.#change);
      clearTimeout(this.#refetch);
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The current state. It is the same object until something changes. */
  readonly getState = (): RolesState => {
    const now = readClocks();
    // The timer is late, for example after the machine slept. This is called while React renders: notify afterwards.
    if (now.wall >= this.#validUntil.wall || now.steady >= this.#validUntil.steady) {
      this.#evaluate(now);
      queueMicrotask(this.#notify);
    }
    return this.#state;
  };

  /** Read the roles again. Concurrent callers share one reading. */
  readonly refetch = (): Promise<void> => {
    const run = this.#run;
    if (this.#flight?.run !== run) this.#flight = { run, done: this.#read(run) };
    return this.#flight.done;
  };

  readonly #wake = (): void => {
    if (document.visibilityState === "hidden") return;
    this.#update();
    void this.refetch();
  };

  async #read(run: number): Promise<void> {
    clearTimeout(this.#refetch);
    const isCurrent = (): boolean => this.#run === run && run % 2 === 1;
    const answer = await this.#reader.read(isCurrent);
    if (!isCurrent()) return;
    this.#flight = undefined;
    this.#accept(answer);
    this.#update();
    const { refetchInterval } = this.#options;
    const pause = Math.min(refetchInterval, this.#failure ? AFTER_FAILURE : LONGEST);
    if (pause > 0) this.#refetch = setTimeout(this.refetch, pause);
  }

  #accept(answer: Answer): void {
    this.#failure = answer.status === "unavailable" ? answer.error : undefined;
    if (answer.status === "ready") {
      const at = Date.parse(answer.profile.at);
      this.#reading = { profile: answer.profile, at, clock: new ServerClock(at, answer.sentAt, answer.receivedAt) };
    } else if (answer.status !== "unavailable") {
      this.#reading = undefined;
      this.#state = without(answer.status);
    }
  }

  #update(): void {
    this.#evaluate(readClocks());
    this.#notify();
    // The answer became too old before the next one arrived.
    if (this.#state === LOADING && this.#reading) void this.refetch();
  }

  readonly #notify = (): void => {
    for (const listener of this.#listeners) listener();
  };

  /** Make the state that of now, and set the timer for its next change. */
  #evaluate(now: Instant): void {
    const milliseconds = this.#reading ? this.#evaluateReading(this.#reading, now) : Infinity;
    if (!this.#reading && this.#failure) this.#state = unavailable(this.#failure);
    clearTimeout(this.#change);
    this.#validUntil = { wall: now.wall + milliseconds, steady: now.steady + milliseconds };
    if (milliseconds < Infinity && this.#run % 2 === 1) {
      this.#change = setTimeout(() => this.#update(), Math.min(Math.ceil(milliseconds), LONGEST));
    }
  }

  /** Milliseconds until the state changes next. */
  #evaluateReading({ profile, at, clock }: Reading, now: Instant): number {
    const rest = this.#options.maxAge - clock.age(now);
    if (rest <= 0) {
      this.#state = this.#failure ? unavailable(this.#failure) : LOADING;
      return Infinity;
    }
    const range = clock.range(now);
    const user = toUser(profile, (window) => isHeld(window, at, range));
    const ready: RolesState = { status: "ready", roles: heldRoles(profile, at, range), user };
    if (JSON.stringify(ready) !== JSON.stringify(this.#state)) this.#state = ready;
    return Math.min(untilChange(profile, range), rest);
  }
}

function unavailable(error: AkakoError): RolesState {
  return { ...without("unavailable"), error };
}
