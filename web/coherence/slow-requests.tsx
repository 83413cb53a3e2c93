import type { SlowRequestsReport, ToldSlowRequest } from "../../src/instruments/view.ts";
import { KeyName } from "../parts/key-name.tsx";
import { keyText } from "../parts/key-text.ts";
import { Table } from "../parts/table.tsx";
import { clockText, durationText } from "../parts/text.ts";
import { Awaited } from "../parts/view.tsx";

const SHOWN = 10;
const WAITS: Readonly<Record<keyof ToldSlowRequest["waits"], string>> = {
  origin: "at the origin",
  otherRead: "for another read's answer",
  transfer: "for the rest of a large value",
  fence: "for invalidations before it",
  other: "in the proxy",
};

/** The latest slow requests, and where their time went. */
export function SlowRequests({
  report: { requests, slowerThanMs },
}: {
  readonly report: SlowRequestsReport;
}) {
  if (slowerThanMs === null)
    return <Awaited>Slow requests are not kept: --slowlog-slower-than is off.</Awaited>;
  if (requests.length === 0) {
    return <Awaited>None took {durationText(slowerThanMs)} or longer (--slowlog-slower-than).</Awaited>;
  }
  return (
    <Table
      class="slow"
      caption="The latest slow requests"
      rows={requests.slice(0, SHOWN)}
      keyOf={({ id }) => id}
      columns={[
        { head: "at", cell: ({ endedAtMs }) => clockText(endedAtMs) },
        { head: "took", isNumber: true, cell: ({ durationMs }) => durationText(durationMs) },
        { head: "request", class: "name", cell: (request) => <KeyName name={commandText(request)} /> },
        { head: "its time went", cell: ({ waits }) => waitsText(waits) },
      ]}
    />
  );
}

function commandText({ arguments: words }: ToldSlowRequest): string {
  return words.map(keyText).join(" ") || "a batch of requests";
}

/** The longest wait, and the second one if it matters. */
function waitsText(waits: ToldSlowRequest["waits"]): string {
  const parts = (Object.entries(waits) as [keyof typeof WAITS, number][]).sort((a, b) => b[1] - a[1]);
  const total = parts.reduce((sum, [, ms]) => sum + ms, 0);
  return parts
    .filter(([, ms], at) => at === 0 || ms > total / 5)
    .map(([where, ms]) => `${durationText(ms)} ${WAITS[where]}`)
    .join(", ");
}
