import { TRACES } from "../play/traces.ts";

/**
 * Fetches a trace that comes along with the page, from the folder beside it.
 * @throws Error that says what the reader can do
 */
export async function loadTrace(name: string): Promise<Blob> {
  const { file } = TRACES.find((trace) => trace.name === name)!;
  const folder = folderOf(document.documentElement.dataset["links"]);
  const response = await fetch(new URL(folder + file, location.href)).catch(() => undefined);
  if (response?.ok === true) return response.blob();
  const what = response === undefined ? "cannot be fetched" : `cannot be fetched: ${response.status}`;
  const way =
    location.protocol === "file:"
      ? `A page that was opened from a disk may fetch nothing; drop the file ${folder}${file} onto it instead.`
      : "Try again, or choose other requests.";
  throw new Error(`The trace ${folder}${file} ${what}. ${way}`);
}

/** Beside the page: `traces/` of a site, `/learn/traces/` of a server. */
function folderOf(links = "{}"): string {
  const { learn = "index.html" } = JSON.parse(links) as { readonly learn?: string };
  return learn.endsWith(".html") ? "traces/" : `${learn}/traces/`;
}
