import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Page, PageName } from "./page.ts";
import { PAGES } from "./page-sources.ts";

/** The program that a process of its own runs, so that the bundler's memory goes back to the system. */
const BUNDLER = join(import.meta.dir, "page-bundler.ts");

/** What the bundler writes. */
interface Bundled {
  readonly script: string;
  readonly style: string;
  readonly worker?: string;
  readonly frame?: string;
  readonly library?: string;
  readonly body?: string;
}

/**
 * Bundles a page from its sources with the runtime's bundler. Takes some 100 ms.
 * @throws Error with the bundler's messages
 */
export async function bundlePage(name: PageName): Promise<Page> {
  const bundler = Bun.spawn([process.execPath, BUNDLER, name], {
    cwd: import.meta.dir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, messages, code] = await Promise.all([
    new Response(bundler.stdout).text(),
    new Response(bundler.stderr).text(),
    bundler.exited,
  ]);
  if (code !== 0) throw new Error(`the page ${name} cannot be bundled: ${messages.trim()}`);
  const bundled = JSON.parse(output) as Bundled;
  return {
    html: pageHtml(name, bundled),
    library: bundled.library,
    hasWorker: bundled.worker !== undefined,
    // A frame without an address has its page's policy besides its own.
    scriptSource: [bundled.script, bundled.frame]
      .flatMap((text) => (text === undefined ? [] : source(text)))
      .join(" "),
    styleSource: source(bundled.style),
  };
}

function pageHtml(name: PageName, { script, style, worker, frame, body = "" }: Bundled): string {
  const { title, noScript } = PAGES[name];
  // Blocks of text to the browser: the page makes workers and a frame of them.
  const workerText = worker === undefined ? "" : `<script type="text/plain" id="worker">${worker}</script>\n`;
  const frameText =
    frame === undefined
      ? ""
      : `<script type="text/plain" id="frame" data-policy="${framePolicy(frame)}">${frame}</script>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 26 26'%3E%3Cpath d='M2 6h8M2 11h8M2 16h8M18 20h6' stroke='%230a8f82' stroke-width='2.6'/%3E%3Crect x='11.5' y='1.5' width='5' height='23' rx='1.5' fill='none' stroke='%236b7b78' stroke-width='2'/%3E%3C/svg%3E">
<style>${style}</style>
</head>
<body>
${noScript === undefined ? "" : `<noscript>${noScript}</noscript>\n`}${body}${workerText}${frameText}<script type="module">${script}</script>
</body>
</html>
`;
}

/** The frame runs its script, which starts a worker from its own text; nothing there loads or sends anything. */
function framePolicy(frame: string): string {
  return `default-src 'none'; base-uri 'none'; form-action 'none'; script-src ${source(frame)}; worker-src blob:`;
}

function source(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
