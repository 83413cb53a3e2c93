/** Asks the service's API, and remembers the last answer to each question, so that a saved page can show it. */
export class Api {
  readonly #answers = new Map<string, unknown>();
  readonly #isSaved: boolean;

  /** @param saved answers of a saved page, which asks nobody */
  constructor(saved?: Readonly<Record<string, unknown>>) {
    this.#isSaved = saved !== undefined;
    for (const [path, answer] of Object.entries(saved ?? {})) this.#answers.set(path, answer);
  }

  /** Whether nothing can be asked or changed any more. */
  get isSaved(): boolean {
    return this.#isSaved;
  }

  /**
   * @param path such as `/api/hot?by=rate`
   * @param isKept whether a saved page shows the answer
   * @throws ApiError with a sentence for people
   */
  async get<T>(path: string, isKept = true): Promise<T> {
    if (this.#isSaved) {
      if (this.#answers.has(path)) return this.#answers.get(path) as T;
      throw new ApiError("This is a saved page: it cannot ask for more than was on the screen.", 0);
    }
    const answer = await this.#ask<T>(path, { method: "GET" });
    if (isKept) this.#answers.set(path, answer);
    return answer;
  }

  /** Changes something. @throws ApiError */
  async send<T>(method: "POST" | "DELETE", path: string, body: unknown): Promise<T> {
    if (this.#isSaved) throw new ApiError("This is a saved page: nothing can be changed from here.", 0);
    const headers = { "content-type": "application/json" };
    return await this.#ask<T>(path, { method, headers, body: JSON.stringify(body) });
  }

  /** The answers to be saved. */
  get answers(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#answers);
  }

  async #ask<T>(path: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await fetch(path, init);
    } catch {
      throw new ApiError("The service did not answer; it may be down, or starting again.", 0);
    }
    const answer = (await response.json().catch(() => undefined)) as { error?: string } | undefined;
    if (response.ok && answer !== undefined) return answer as T;
    throw new ApiError(
      answer?.error ?? `The service answered with status ${response.status}.`,
      response.status,
    );
  }
}

/** What to tell people of a request that failed. */
export function problemText(error: unknown): string {
  return error instanceof ApiError ? error.message : String(error);
}

/** The service refused, or did not answer; the message is a sentence. */
class ApiError extends Error {
  /** The status of HTTP; 0: there was no answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
