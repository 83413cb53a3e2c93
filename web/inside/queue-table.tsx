import type { QueueMember, QueuesReport, ToldQueue } from "../../src/instruments/view.ts";
import { KeyName } from "../parts/key-name.tsx";
import { keyText } from "../parts/key-text.ts";
import { TableBehind } from "../parts/table.tsx";
import { countText, durationText, sizeText, UNKNOWN } from "../parts/text.ts";

interface Row {
  readonly queue: ToldQueue;
  readonly member: QueueMember;
}

/** All members shown, as a table. */
export function QueueTable({ report: { queues } }: { readonly report: QueuesReport }) {
  const rows = queues.flatMap((queue) => queue.members.map((member): Row => ({ queue, member })));
  return (
    <TableBehind
      summary="The queues as a table"
      caption="Entries and ghosts by queue, those next to leave first"
      rows={rows}
      keyOf={({ member }) => member.id}
      columns={[
        { head: "queue", cell: ({ queue }) => queue.name },
        {
          head: "from the exit",
          isNumber: true,
          cell: ({ queue, member }) => (queue.order === "none" ? UNKNOWN : countText(member.rank)),
        },
        {
          head: "key",
          class: "name",
          cell: ({ member: { key, id } }) => (key === undefined ? id : <KeyName name={keyText(key)} />),
        },
        { head: "reads", isNumber: true, cell: ({ member: { entry } }) => countText(entry?.reads) },
        { head: "size", isNumber: true, cell: ({ member: { entry } }) => sizeText(entry?.valueBytes) },
        {
          head: "expires in",
          isNumber: true,
          cell: ({ member: { entry } }) =>
            entry === undefined ? UNKNOWN : entry.ttlMs < 0 ? "never" : durationText(entry.ttlMs),
        },
        { head: "at its turn", cell: ({ queue, member }) => turnText(queue, member) },
      ]}
    />
  );
}

function turnText({ name }: ToldQueue, { entry }: QueueMember): string {
  const turn = entry?.turn;
  if (turn === undefined) return UNKNOWN;
  return turn === name ? "stays" : turn === "" ? "leaves" : `goes to ${turn}`;
}
