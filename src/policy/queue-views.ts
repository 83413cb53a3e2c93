import type { GhostTable } from "./ghost-table.ts";
import type { PolicyMemory } from "./policy.ts";
import type { PolicyQueue, QueueOrder, QueueRules } from "./policy-queue.ts";
import type { PriorityHeap } from "./priority-heap.ts";
import type { SlotList } from "./slot-list.ts";
import type { SlotTable } from "./slot-table.ts";

/** What policies make their queues visible with: a view of each of the lists and tables that they are made of. */

/** The rules of a queue of slots. */
interface SlotRules extends QueueRules {
  readonly order?: QueueOrder;
  /** Tells whether a slot in the list belongs to this queue; by default all do. */
  holds?(slot: number): boolean;
}

/** Shows a list of slots, whose front leaves first. */
export function listQueue(
  { hashOf }: PolicyMemory,
  list: SlotList,
  { holds, ...rules }: SlotRules,
): PolicyQueue {
  return {
    kind: "resident",
    order: "line",
    ...rules,
    next: (slot) => (slot === 0 ? list.front() : list.after(slot)),
    previous: (slot) => (slot === 0 ? list.back() : list.before(slot)),
    holds: (slot) => holds === undefined || holds(slot),
    hashOf,
  };
}

/** Shows a heap. */
export function heapQueue(
  { hashOf }: PolicyMemory,
  heap: PriorityHeap,
  { holds, ...rules }: SlotRules,
): PolicyQueue {
  return {
    kind: "resident",
    order: "ranking",
    ...rules,
    next: (slot) => heap.slotAt(slot === 0 ? 0 : heap.placeOf(slot) + 1),
    previous: (slot) => heap.slotAt(slot === 0 ? heap.count() - 1 : heap.placeOf(slot) - 1),
    holds: (slot) => holds === undefined || holds(slot),
    hashOf,
    isBefore: (one, other) => heap.isBefore(one, other),
  };
}

/** Shows a table of slots in no order. */
export function tableQueue(
  { hashOf }: PolicyMemory,
  table: SlotTable,
  { holds, ...rules }: SlotRules,
): PolicyQueue {
  const slotAt = (index: number) => (index >= 0 && index < table.count() ? table.slotAt(index) : 0);
  return {
    kind: "resident",
    order: "none",
    ...rules,
    next: (slot) => slotAt(slot === 0 ? 0 : table.indexOf(slot) + 1),
    previous: (slot) => slotAt((slot === 0 ? table.count() : table.indexOf(slot)) - 1),
    holds: (slot) => holds === undefined || holds(slot),
    hashOf,
  };
}

/**
 * Shows a queue of ghosts, the oldest of which is forgotten first.
 * @param queue its number in the table
 */
export function ghostQueue(table: GhostTable, queue: number, rules: QueueRules): PolicyQueue {
  return {
    kind: "ghost",
    order: "line",
    ...rules,
    next: (ghost) => (ghost === 0 ? table.oldest(queue) : table.younger(ghost)),
    previous: (ghost) => (ghost === 0 ? table.newest(queue) : table.older(ghost)),
    holds(ghost, hash) {
      let found = table.find(hash);
      while (found !== 0 && found !== ghost) found = table.findOlder(found);
      return found !== 0 && table.queueOf(found) === queue;
    },
    hashOf: (ghost) => table.hashOf(ghost),
  };
}
