/** A request that cannot be answered as asked: the status, and one sentence for the client. */
export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
