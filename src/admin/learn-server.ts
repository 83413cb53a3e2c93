import { type HttpServer, listenForHttp } from "./http-listener.ts";
import { LEARN_LINKS, learnPageAt, linked, once, type Page, type PageName, pageResponse } from "./page.ts";
import { pictureResponse } from "./pictures.ts";
import { Problem } from "./problem.ts";
import { respond, respondProblem } from "./responses.ts";
import { parseTarget } from "./target.ts";
import { traceResponse } from "./traces.ts";

export interface LearnOptions {
  /** A name or an address. `localhost` means 127.0.0.1, and ::1 if the machine has IPv6. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Makes the page, once a browser first wants it. */
  readonly page: (name: PageName) => Promise<Page>;
}

const TRACES = "/learn/traces/";
const PICTURES = "/learn/docs/images/";

/** The page sends nothing. */
const BODY_BYTES = 1024;
const IDLE_TIMEOUT_S = 10;

/** Serves the playground, the lessons and the documents without anything else. The page holds nothing of the machine, so anybody may read it. */
export class LearnServer {
  readonly port: number;
  readonly #servers: readonly HttpServer[];

  /** @throws AdminListenError if the port is taken */
  constructor({ host, port, page }: LearnOptions) {
    const made = once(page);
    this.#servers = listenForHttp({
      host,
      port,
      bodyBytes: BODY_BYTES,
      idleTimeoutS: IDLE_TIMEOUT_S,
      flag: "--port",
      answer: (request) => answer(request, made),
    });
    this.port = this.#servers[0]!.port!;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(true)));
  }
}

async function answer(request: Request, page: (name: PageName) => Promise<Page>): Promise<Response> {
  try {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new Problem(405, "use GET or HEAD here", { allow: "GET, HEAD" });
    }
    const { path } = parseTarget(request.url);
    if (path === "/") return respond(null, "text/plain", { status: 302, headers: { location: "/learn" } });
    if (path.startsWith(TRACES)) return await traceResponse(path.slice(TRACES.length));
    if (path.startsWith(PICTURES)) return await pictureResponse(path.slice(PICTURES.length));
    const name = learnPageAt(path);
    if (name === undefined)
      throw new Problem(
        404,
        "there is nothing here; the playground is at /learn, the lessons at /learn/lessons, documents at /learn/docs",
      );
    return pageResponse(linked(await page(name), LEARN_LINKS), request);
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(500, (error as Error).message);
    return respondProblem(problem);
  }
}
