import { join } from "node:path";

/** Bundles the dashboard and writes `{ "script", "style", "library" }` to standard output: dashboard-bundle.ts. */
const web = join(import.meta.dir, "../../web");
const built = await Bun.build({
  entrypoints: [join(web, "dashboard/main.tsx"), join(web, "style/dashboard.css")],
  target: "browser",
  minify: true,
  define: { "process.env.NODE_ENV": '"production"' },
});
const textOf = async (ending: string): Promise<string> => {
  const output = built.outputs.find(({ path }) => path.endsWith(ending));
  if (output === undefined) throw new Error(`the bundler made no ${ending} file`);
  // The text stands within an element of the page, which this would end.
  return (await output.text()).replaceAll("</script", "<\\/script").replaceAll("</style", "<\\/style");
};
const library = await Bun.file(Bun.resolveSync("uplot/dist/uPlot.iife.min.js", web)).text();
process.stdout.write(JSON.stringify({ script: await textOf(".js"), style: await textOf(".css"), library }));
