import { formatOrigin, type OriginAddress } from "../address.ts";
import type { ChannelOptions } from "../channel.ts";
import type { NodeOptions } from "../origin.ts";
import { UpstreamError } from "../upstream-error.ts";
import { askRole, PRIMARY } from "./role.ts";
import { SentinelLink } from "./sentinel-link.ts";
import { type Round, SentinelWatch } from "./sentinel-watch.ts";
import { isSamePlace, type NamedPrimary, type SharedPrimary } from "./shared-primary.ts";
import { isDecided, judge } from "./verdict.ts";

/** How long a sentinel, or a server that is named as the primary, may take to answer. */
const ANSWER_MS = 1000;
/** How many sentinels' problems a message tells. */
const TOLD_PROBLEMS = 3;

/** Where a primary is asked for, and how to log in. */
export interface MonitoredAddress {
  /** The name under which the sentinels know it. */
  readonly primaryName: string;
  /** At least one; with the sentinels' own credentials. */
  readonly sentinels: readonly OriginAddress[];
  /** Credentials, database and TLS of the primary. */
  readonly login: Omit<OriginAddress, "host" | "port">;
}

interface PrimarySearchOptions {
  readonly address: MonitoredAddress;
  readonly options: NodeOptions;
  /** Where another primary is noted. */
  readonly shared: SharedPrimary;
  /** Another primary may have been noted, by this thread or another one. */
  changed(): void;
  /** The sentinels name the present primary, as of after the last call of `suspect`. */
  confirmed(): void;
  /** Whether something is wrong with the present primary, so that the sentinels are asked again soon. */
  isUneasy(): boolean;
  /** It is not known for certain who the primary is. Told once for each reason. */
  unresolved(error: UpstreamError): void;
}

/** Finds out from the sentinels who the primary is, and notes it for all threads once it has said so itself. */
export class PrimarySearch {
  /** Why no primary is known, or why the last search has not ended. */
  lastError: UpstreamError;
  readonly #options: PrimarySearchOptions;
  readonly #links: readonly SentinelLink[];
  readonly #watch: SentinelWatch;
  /** The version of the shared primary when the sentinels were asked last. */
  #askedVersion = 0;
  #toldProblem: string | undefined;
  /** Withdraws the question for a server's role. */
  #withdraw: (() => void) | undefined;

  constructor(options: PrimarySearchOptions) {
    this.#options = options;
    const { primaryName, sentinels } = options.address;
    this.lastError = new UpstreamError("ORIGINDOWN", `nobody has told yet where "${primaryName}" is`, false);
    const suspect = (): void => this.suspect();
    const ofSentinels = sentinels.map((sentinel) => sentinelOptions(options.options, sentinel));
    this.#links = ofSentinels.map(
      (one) => new SentinelLink(primaryName, one, { ready: suspect, switched: suspect }),
    );
    this.#watch = new SentinelWatch({
      timers: ofSentinels[0]!.timers,
      links: this.#links,
      begins: () => {
        this.#askedVersion = options.shared.version;
      },
      learned: (round, done) => this.#learned(round, done),
    });
  }

  /** Asks the sentinels at once. Called at first, and when the primary may have been replaced. */
  suspect(): void {
    this.#watch.suspect();
  }

  close(): void {
    this.#watch.close();
    this.#withdraw?.();
    for (const link of this.#links) link.close();
  }

  /** @param done is told whether the sentinels must be asked again soon */
  #learned({ answers, problems, isEarly, isOutdated }: Round, done: (isUneasy: boolean) => void): void {
    const { shared, changed, confirmed, isUneasy } = this.#options;
    changed();
    const { version, primary: present } = shared.read();
    const { length } = this.#links;
    // Another thread knows more than these answers, or sentinels that are still being connected with may do so.
    if (version !== this.#askedVersion || (isEarly && !isDecided(answers, length))) {
      done(true);
      return;
    }
    const { primary, problem } = judge(answers, length, present);
    if (primary === undefined) {
      this.#unresolved([problem, ...problems.slice(0, TOLD_PROBLEMS)].join("; "));
      done(true);
    } else if (isSamePlace(primary, present)) {
      this.#toldProblem = undefined;
      if (!isOutdated) confirmed();
      done(isUneasy());
    } else {
      this.#verify(primary, () => done(true));
    }
  }

  /** Asks a server that is named as the primary whether it is one: a sentinel may be ahead of it, or behind. */
  #verify(primary: NamedPrimary, then: () => void): void {
    const { address, options, shared, changed } = this.#options;
    const { host, port } = primary;
    this.#withdraw = askRole(options({ ...address.login, host, port }), ANSWER_MS, (role) => {
      this.#withdraw = undefined;
      if (role === PRIMARY) {
        this.#toldProblem = undefined;
        shared.replace(primary, this.#askedVersion);
        changed();
      } else {
        const said = /^[a-z]+$/.test(role) ? `says that it is a ${role}` : `does not tell its role: ${role}`;
        this.#unresolved(`the sentinels name ${formatOrigin(primary)}, which ${said}`);
      }
      then();
    });
  }

  #unresolved(problem: string): void {
    const message = `nobody tells for certain where "${this.#options.address.primaryName}" is: ${problem}`;
    this.lastError = new UpstreamError("ORIGINDOWN", message, false);
    if (message === this.#toldProblem) return;
    this.#toldProblem = message;
    this.#options.unresolved(this.lastError);
  }
}

/** The options' own address may get the password of the primary. */
function sentinelOptions(options: NodeOptions, address: OriginAddress): ChannelOptions {
  const own = { address: { value: address }, timeoutMs: { value: ANSWER_MS } };
  return Object.create(options(address), own) as ChannelOptions;
}
