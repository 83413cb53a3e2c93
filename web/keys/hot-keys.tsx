import { useSignal } from "@preact/signals";
import type { HotBy, HotKeysReport, ToldKey } from "../../src/instruments/view.ts";
import { KeyName } from "../parts/key-name.tsx";
import { keyText } from "../parts/key-text.ts";
import { Table } from "../parts/table.tsx";
import { countText, durationText, percentText, sizeText } from "../parts/text.ts";
import { Awaited, HowToRead } from "../parts/view.tsx";

type HotKey = HotKeysReport["keys"][number];

interface Order {
  readonly by: HotBy;
  readonly name: string;
  readonly head: string;
  readonly text: (amount: number) => string;
}

const ORDERS: readonly Order[] = [
  { by: "rate", name: "rate", head: "reads/s", text: countText },
  { by: "bytes", name: "bytes", head: "bytes/s", text: sizeText },
  { by: "misses", name: "misses", head: "misses/s", text: countText },
  { by: "origin-time", name: "origin time", head: "origin time/s", text: durationText },
];
const SHOWN = 10;

export interface HotKeysProps {
  readonly hot: Readonly<Record<HotBy, HotKeysReport>>;
  readonly onOpen: (name: ToldKey) => void;
}

/** The keys that matter most, in an order that the reader chooses; beside them the largest values. */
export function HotKeys({ hot, onOpen }: HotKeysProps) {
  const chosen = useSignal<HotBy>("rate");
  const order = ORDERS.find(({ by }) => by === chosen.value)!;
  const keys = hot[order.by].keys.slice(0, SHOWN);
  const most = Math.max(...keys.map(({ amount }) => amount), 1e-9);
  return (
    <>
      <section>
        <div class="heading">
          <h3>Hot keys</h3>
          <span role="group" aria-label="Order of hot keys">
            {ORDERS.map(({ by, name }) => (
              <button
                key={by}
                type="button"
                aria-pressed={by === chosen.value}
                onClick={() => (chosen.value = by)}
              >
                {name}
              </button>
            ))}
          </span>
        </div>
        {keys.length === 0 ? (
          <Awaited>None yet.</Awaited>
        ) : (
          <Table
            class="hot"
            caption={`Hot keys by ${order.name}`}
            rows={keys}
            keyOf={({ key }) => keyText(key)}
            columns={[
              { head: "key", class: "name", cell: ({ key }) => <OpenKey name={key} onOpen={onOpen} /> },
              {
                head: order.head,
                isNumber: true,
                cell: (key) => (
                  <>
                    {order.text(key.amount)} <small>{errorText(key, order)}</small>
                  </>
                ),
              },
              {
                head: "to scale",
                class: "amount",
                cell: ({ amount }) => (
                  <i class="bar" style={{ width: `${(100 * amount) / most}%` }} aria-hidden="true" />
                ),
              },
              { head: "hits", isNumber: true, cell: ({ hitRatio }) => `${percentText(hitRatio, 0)} %` },
            ]}
          />
        )}
        <HowToRead>
          From every n-th request and all misses, so the figures have an error, ±. They are averages that
          follow the present: what happened half a minute ago counts half.
        </HowToRead>
      </section>
      <section>
        <div class="heading">
          <h3>Largest values</h3>
        </div>
        {hot.size.keys.length === 0 ? (
          <Awaited>None yet.</Awaited>
        ) : (
          <Table
            class="hot"
            caption="Largest values"
            rows={hot.size.keys.slice(0, SHOWN)}
            keyOf={({ key }) => keyText(key)}
            columns={[
              { head: "key", class: "name", cell: ({ key }) => <OpenKey name={key} onOpen={onOpen} /> },
              { head: "size", isNumber: true, cell: ({ amount }) => sizeText(amount) },
              { head: "hits", isNumber: true, cell: ({ hitRatio }) => `${percentText(hitRatio, 0)} %` },
            ]}
          />
        )}
      </section>
    </>
  );
}

function errorText({ error, samplingError }: HotKey, { text }: Order): string {
  const total = error + samplingError;
  return total > 0 ? `± ${text(total)}` : "";
}

export function OpenKey({
  name,
  onOpen,
}: {
  readonly name: ToldKey;
  readonly onOpen: (name: ToldKey) => void;
}) {
  return (
    <button type="button" class="open" title="Its story" onClick={() => onOpen(name)}>
      <KeyName name={keyText(name)} />
    </button>
  );
}
