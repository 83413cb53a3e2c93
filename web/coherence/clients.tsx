import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ClientsReport } from "../../src/instruments/view.ts";
import { useDashboard } from "../live/dashboard.ts";
import { useOnScreen } from "../parts/chart.tsx";
import { KeyName } from "../parts/key-name.tsx";
import { Table } from "../parts/table.tsx";
import { counted, countText } from "../parts/text.ts";
import { Awaited } from "../parts/view.tsx";

const PATH = "/api/clients?count=10";
const REFRESH_MS = 2000;

/** Clients by name, asked for while they are on the screen. */
export function Clients() {
  const { api, link } = useDashboard();
  const [ref, isOnScreen] = useOnScreen<HTMLDivElement>();
  const report = useSignal<ClientsReport | undefined>(undefined);
  const state = link.value.state;
  useEffect(() => {
    // The head of the page says when the service does not answer.
    const ask = () =>
      api.get<ClientsReport>(PATH).then(
        (told) => (report.value = told),
        () => {},
      );
    void ask();
    if (state !== "live" || !isOnScreen) return undefined;
    const timer = setInterval(() => void ask(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [api, isOnScreen, state, report]);
  const told = report.value;
  return (
    <div ref={ref}>
      {told === undefined ? (
        <Awaited>The threads are being asked.</Awaited>
      ) : told.clients.length === 0 ? (
        <Awaited>Nobody is connected.</Awaited>
      ) : (
        <>
          <Table
            class="hot"
            caption="Clients by name"
            rows={told.clients}
            keyOf={({ name, address }) => `${name ?? ""} ${address ?? ""}`}
            columns={[
              {
                head: "client",
                class: "name",
                cell: ({ name, address }) =>
                  name === undefined ? (
                    <span class="fine">no name, from {address}</span>
                  ) : (
                    <KeyName name={name} />
                  ),
              },
              { head: "connections", isNumber: true, cell: ({ connections }) => countText(connections) },
              {
                head: "requests/s",
                isNumber: true,
                cell: ({ requestsPerSecond }) => countText(requestsPerSecond),
              },
              { head: "requests", isNumber: true, cell: ({ requests }) => countText(requests) },
            ]}
          />
          {told.others.groups > 0 && (
            <p class="label">
              and {counted(told.others.groups, "further name")} with{" "}
              {counted(told.others.connections, "connection")}
            </p>
          )}
          {told.answered < told.threads && (
            <p class="label">
              {countText(told.answered)} of {counted(told.threads, "thread")} answered in time.
            </p>
          )}
        </>
      )}
    </div>
  );
}
