import { percentText } from "../parts/text.ts";
import { Awaited } from "../parts/view.tsx";
import { OBJECTS_LIMIT, REQUESTS_LIMIT } from "../play/limits.ts";
import type { Player } from "./player.ts";

/** What stands in the place of the caches while there are no requests. */
export function SourceState({ player }: { readonly player: Player }) {
  const { state, share } = player.source.value;
  const { workload } = player.settings.value;
  if (state === "reading") {
    return workload.kind === "file" || workload.kind === "trace" ? (
      <div class="reading" role="status">
        <p class="prose">
          {workload.name} is being read: {percentText(share, 0)} %
        </p>
        <progress max={1} value={share} aria-label="Share of the file that has been read" />
      </div>
    ) : (
      <Awaited>The requests are being made.</Awaited>
    );
  }
  if (state === "missing" && workload.kind === "file") {
    return (
      <div class="missing">
        <h3>Drop {workload.name} here again</h3>
        <p class="prose">
          This address is about the file {workload.name}. A page cannot keep a file, and its content never
          leaves the browser, so it has to be dropped here, or opened above, each time the page is loaded.
          Caches, speed and position are those of the address.
        </p>
      </div>
    );
  }
  return (
    <div class="missing">
      <h3>There is nothing to replay</h3>
      <p class="prose">
        Choose other requests, or drop a trace here: a list of keys, CSV, an access log, the output of{" "}
        <code>MONITOR</code>, a recording of the proxy, or a published trace, packed with gzip or zstd or not.
        The page replays {REQUESTS_LIMIT.toLocaleString("en")} requests for{" "}
        {OBJECTS_LIMIT.toLocaleString("en")} keys at most.
      </p>
    </div>
  );
}
