import type { ChannelsReport } from "../../src/instruments/view.ts";
import { Table } from "../parts/table.tsx";
import { countText, durationText } from "../parts/text.ts";
import { HowToRead } from "../parts/view.tsx";

/** Each channel with its last sign of life, on a line that ends at the bound. */
export function Channels({ report: { boundMs, channels } }: { readonly report: ChannelsReport }) {
  return (
    <>
      <Table
        class="channels"
        caption="Channels to the origin"
        rows={channels}
        keyOf={({ thread }) => thread}
        columns={[
          { head: "thread", cell: ({ thread }) => thread },
          {
            head: `proven, bound ${durationText(boundMs)}`,
            class: "proof",
            cell: ({ isUp, silenceMs }) =>
              silenceMs === undefined ? (
                <span class={isUp ? "" : "wrong"}>{isUp ? "no invalidations here" : "! not connected"}</span>
              ) : (
                <>
                  <span class={isUp ? "" : "wrong"}>
                    {isUp ? "" : "! "}
                    {durationText(silenceMs)} ago
                  </span>
                  <span class="span-of-proof" aria-hidden="true">
                    <i style={{ width: `${Math.min(100, (100 * silenceMs) / boundMs)}%` }} />
                  </span>
                </>
              ),
          },
          { head: "round trip", isNumber: true, cell: ({ roundTripMs }) => durationText(roundTripMs) },
          { head: "pushes", isNumber: true, cell: ({ pushes }) => countText(pushes) },
          { head: "lost", isNumber: true, cell: ({ losses }) => countText(losses) },
        ]}
      />
      <HowToRead>
        Data and invalidations of a thread come over one channel, in their order. An answer of the origin
        proves that no invalidation is missing up to the moment of the question. The line is the time since
        then; where it reached its end, nothing would be served from what came over that channel. A channel
        that is lost empties it at once.
      </HowToRead>
    </>
  );
}
