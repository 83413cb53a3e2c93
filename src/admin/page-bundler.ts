import { join } from "node:path";
import type { PageName } from "./page.ts";
import { PAGES } from "./page-sources.ts";

/**
 * Bundles the page whose name is the argument, and writes `{ "script", "style", "worker"?, "frame"?, "library"?,
 * "body"? }` to standard output: page-bundle.ts.
 */
const name = process.argv[2] as PageName;
const { script, style, worker, frame, hasLibrary, body } = PAGES[name];
const web = join(import.meta.dir, "../../web");

interface PageText {
  default(name: PageName): Promise<string>;
}

/** @param format `iife`: nothing of it has a name outside, where a reader's code stands */
async function bundled(path: string, format: "esm" | "iife" = "esm"): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(web, path)],
    target: "browser",
    format,
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  // The text stands within an element of the page, which this would end.
  return (await outputs[0]!.text()).replaceAll("</script", "<\\/script").replaceAll("</style", "<\\/style");
}

process.stdout.write(
  JSON.stringify({
    script: await bundled(script),
    style: await bundled(style),
    ...(worker !== undefined && { worker: await bundled(worker, "iife") }),
    ...(frame !== undefined && { frame: await bundled(frame, "iife") }),
    ...(body !== undefined && { body: await ((await import(join(web, body))) as PageText).default(name) }),
    ...(hasLibrary && {
      library: await Bun.file(Bun.resolveSync("uplot/dist/uPlot.iife.min.js", web)).text(),
    }),
  }),
);
