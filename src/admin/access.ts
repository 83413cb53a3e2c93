import type { Clock } from "../lib/clock.ts";
import { GuessLimit } from "./guess-limit.ts";
import type { AdminLimits } from "./limits.ts";
import { Problem } from "./problem.ts";
import { type SecretBytes, Sessions } from "./sessions.ts";

/** Who may see everything. */
export interface Credentials {
  /** Whether a client must tell who it is. */
  readonly areNeeded: boolean;
  /**
   * Judges a name and a password.
   * @returns the name of the user whose password it is; `restricted`: of one that may not see everything
   */
  check(name: string, password: string): { readonly user: string } | "wrong" | "restricted";
  /** Whether this user, who has given the password before, may still see everything. */
  mayStill(user: string): boolean;
}

export interface AccessOptions {
  readonly credentials: Credentials;
  readonly limits: AdminLimits;
  readonly clock: Clock;
  readonly secretBytes: SecretBytes;
  /** Cookies do not tell ports of a host apart, so a port's cookie has a name of its own. */
  readonly cookieName: string;
  /** Whether the port speaks TLS: then browsers send the cookie by TLS alone. */
  readonly isSecure: boolean;
}

/** A client that may ask. */
export interface Grant {
  /** Whether it still may: a session ends. */
  isValid(): boolean;
}

const ALWAYS: Grant = { isValid: () => true };

/** Decides which clients may ask: by HTTP basic authentication or by the cookie of a session. */
export class Access {
  readonly #credentials: Credentials;
  readonly #cookieName: string;
  readonly #attributes: string;
  readonly #sessionMs: number;
  readonly #guesses: GuessLimit;
  readonly #sessions: Sessions;

  constructor({ credentials, limits, clock, secretBytes, cookieName, isSecure }: AccessOptions) {
    this.#credentials = credentials;
    this.#cookieName = cookieName;
    this.#attributes = `HttpOnly; SameSite=Strict; Path=/${isSecure ? "; Secure" : ""}`;
    this.#sessionMs = limits.sessionMs;
    this.#guesses = new GuessLimit(limits, clock);
    this.#sessions = new Sessions(limits.sessions, limits.sessionMs, clock, secretBytes);
  }

  get needsPassword(): boolean {
    return this.#credentials.areNeeded;
  }

  /**
   * @param address the client's
   * @throws Problem with status 401, 403 for a user that may not see everything, or 429 if the address was wrong too
   * often
   */
  check(headers: Headers, address: string): Grant {
    if (!this.needsPassword) return ALWAYS;
    const token = this.#token(headers);
    if (token !== undefined && this.#isSession(token)) return { isValid: () => this.#isSession(token) };
    const given = basicCredentials(headers);
    if (given === undefined) {
      throw unauthorized("this needs a password: HTTP basic authentication, or POST /login", headers);
    }
    const user = this.#checkPassword(given, headers, address);
    return { isValid: () => this.#credentials.mayStill(user) };
  }

  #isSession(token: string): boolean {
    const user = this.#sessions.userOf(token);
    return user !== undefined && this.#credentials.mayStill(user);
  }

  /**
   * Opens a session. @returns the value of its `Set-Cookie` header
   * @throws Problem with status 400 if there is no password, 401 if it is another one, 403 and 429 as `check`
   */
  logIn(given: NameAndPassword, headers: Headers, address: string): string {
    if (!this.needsPassword) throw new Problem(400, "there is no password, so there is nothing to log in to");
    const user = this.#checkPassword(given, headers, address);
    return this.#cookie(this.#sessions.open(user), Math.floor(this.#sessionMs / 1000));
  }

  /** Ends the client's session. @returns the value of its `Set-Cookie` header */
  logOut(headers: Headers): string {
    const token = this.#token(headers);
    if (token !== undefined) this.#sessions.end(token);
    return this.#cookie("", 0);
  }

  /** @returns the user's name */
  #checkPassword({ name, password }: NameAndPassword, headers: Headers, address: string): string {
    const waitMs = this.#guesses.waitMs(address);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new Problem(429, `too many wrong passwords; try again in ${seconds} s`, {
        "retry-after": String(seconds),
      });
    }
    const verdict = this.#credentials.check(name, password);
    if (verdict === "restricted") {
      throw new Problem(403, `the user ${name} may not see everything, which this port shows`);
    }
    if (verdict !== "wrong") return verdict.user;
    this.#guesses.wrong(address);
    throw unauthorized("the password is wrong", headers);
  }

  #token(headers: Headers): string | undefined {
    for (const cookie of (headers.get("cookie") ?? "").split(";")) {
      const [name, value] = cookie.trim().split("=", 2);
      if (name === this.#cookieName && value !== undefined && value !== "") return value;
    }
    return undefined;
  }

  #cookie(value: string, maxAgeS: number): string {
    return `${this.#cookieName}=${value}; ${this.#attributes}; Max-Age=${maxAgeS}`;
  }
}

/** The challenge makes a browser ask its user. A page's script gets none, so that the page can ask itself. */
function unauthorized(message: string, headers: Headers): Problem {
  const isScript = (headers.get("sec-fetch-mode") ?? "navigate") !== "navigate";
  const challenge = { "www-authenticate": 'Basic realm="glasscache", charset="UTF-8"' };
  return new Problem(401, message, isScript ? {} : challenge);
}

interface NameAndPassword {
  readonly name: string;
  readonly password: string;
}

/** The name and password of HTTP basic authentication (RFC 7617). */
function basicCredentials(headers: Headers): NameAndPassword | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const credentials = Buffer.from(encoded, "base64").toString("utf8");
  const colon = credentials.indexOf(":");
  return colon < 0
    ? undefined
    : { name: credentials.slice(0, colon), password: credentials.slice(colon + 1) };
}
