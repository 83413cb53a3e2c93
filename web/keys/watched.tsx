import { useSignal } from "@preact/signals";
import type { ToldKey, WatchReport } from "../../src/instruments/view.ts";
import { problemText } from "../live/api.ts";
import { useDashboard } from "../live/dashboard.ts";
import { KeyName } from "../parts/key-name.tsx";
import { Table } from "../parts/table.tsx";
import { countText } from "../parts/text.ts";
import { OpenKey } from "./hot-keys.tsx";

export interface WatchedProps {
  readonly watch: WatchReport;
  readonly onOpen: (name: ToldKey) => void;
}

/** Keys and patterns whose whole story is kept. */
export function Watched({ watch: { patterns, note, limit }, onOpen }: WatchedProps) {
  const { api } = useDashboard();
  const problem = useSignal("");
  const unwatch = async (pattern: string): Promise<void> => {
    try {
      await api.send("DELETE", "/api/watch", { pattern });
      problem.value = "";
    } catch (error) {
      problem.value = problemText(error);
    }
  };
  if (patterns.length === 0) return null;
  return (
    <section>
      <div class="heading">
        <h3>Watched, at most {countText(limit)} keys</h3>
      </div>
      {note !== undefined && <p class="prose">{note}</p>}
      {problem.value !== "" && <p class="wrong">{problem.value}</p>}
      <Table
        class="hot"
        caption="Watched keys and patterns"
        rows={patterns}
        keyOf={({ pattern }) => pattern}
        columns={[
          {
            head: "key or pattern",
            class: "name",
            cell: ({ pattern, isGlob }) =>
              isGlob ? <KeyName name={pattern} /> : <OpenKey name={{ text: pattern }} onOpen={onOpen} />,
          },
          { head: "events", isNumber: true, cell: ({ events }) => countText(events) },
          {
            head: "action",
            isNumber: true,
            cell: ({ pattern }) => (
              <button type="button" disabled={api.isSaved} onClick={() => unwatch(pattern)}>
                Stop
              </button>
            ),
          },
        ]}
      />
    </section>
  );
}
