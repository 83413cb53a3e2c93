import { emptiestPage, firstSlotOf, freePage, isWasteful, takeChunk, unlinkRoomyPage } from "./arena.ts";
import type { ChainPlan } from "./chain-plan.ts";
import { relinkChunk } from "./entry.ts";
import { KIND_BITS, KIND_ENTRY, KIND_FREE } from "./entry-layout.ts";
import { relinkEntry } from "./index-table.ts";
import type { Shard } from "./shard.ts";
import { CLASS_FREE_CHUNKS, CLASS_WORDS, MOVES, PAGE_USED_CHUNKS, pageRow } from "./shard-memory.ts";

/**
 * Compaction empties pages of a size class that hold few chunks, so that other sizes can use them. The caller holds
 * the shard's lock, and keeps no slot across the call.
 */

/** Empties pages of the plan's size classes while those have too many free chunks. */
export function compact(shard: Shard, plan: ChainPlan): void {
  for (let run = 0; run < plan.runs; run++) {
    const sizeClass = plan.classes[run]!;
    while (isWasteful(shard.memory, sizeClass)) emptyPage(shard, sizeClass);
  }
}

/** Moves the chunks of a size class's emptiest page into other pages of the class, and frees the page. */
function emptyPage(shard: Shard, sizeClass: number): void {
  const { memory } = shard;
  const { words, bytes } = memory;
  const chunkBytes = memory.sizes.chunkBytes[sizeClass]!;
  const chunks = memory.sizes.chunksPerPage[sizeClass]!;
  const page = emptiestPage(memory, sizeClass);
  const row = pageRow(memory, page);
  const used = words[row + PAGE_USED_CHUNKS]!;
  unlinkRoomyPage(memory, page);
  for (let from = firstSlotOf(memory, page), left = used; left > 0; from += chunkBytes / 8) {
    const kind = words[from * 2]! & KIND_BITS;
    if (kind === KIND_FREE) continue;
    left--;
    const to = takeChunk(memory, sizeClass);
    bytes.copyWithin(to * 8, from * 8, from * 8 + chunkBytes);
    if (kind === KIND_ENTRY) {
      relinkEntry(memory, from, to);
      shard.current.policy.move(from, to);
    }
    relinkChunk(memory, to);
  }
  memory.floats[MOVES]! += used;
  words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]! -= chunks - used;
  freePage(memory, page);
}
