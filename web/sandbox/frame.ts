import type { SandboxStart } from "./start.ts";

/**
 * The script of the sandboxed frame. Its origin is opaque and its policy lets it load nothing, so neither it nor the
 * worker that it starts reaches the network, storage or the page. The reader's code runs in the worker: an endless
 * loop there holds up neither the frame nor the page, which takes the frame away.
 */

/** What the page sends once, with the port over which it asks. */
interface Start extends SandboxStart {
  readonly code: string;
  /** What answers questions about it. */
  readonly driver: string;
}

addEventListener("message", function start({ data, ports, source }: MessageEvent<Start>) {
  if (source !== parent) return;
  removeEventListener("message", start);
  const { code, driver, lines } = data;
  const script = new Blob(['"use strict"; ', code, "\n;", driver], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(script));
  // Errors of the code itself, before it answers anything.
  worker.onerror = (event) => {
    event.preventDefault();
    parent.postMessage({ message: event.message, line: event.lineno }, "*");
  };
  worker.postMessage({ lines } satisfies SandboxStart, [ports[0]!]);
});
