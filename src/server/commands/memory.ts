import { type Command, command } from "../../commands/command.ts";
import { SYNTAX_ERROR } from "../../commands/command-errors.ts";
import { containerCommand } from "../../commands/container-command.ts";
import { formatSize } from "../../lib/quantity.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import type { ServerContext, ServerHost } from "../context.ts";
import { processMemory } from "../process-memory.ts";

/** Approximate bytes of an entry besides its key and value, for MEMORY USAGE. */
const ENTRY_OVERHEAD_BYTES = 40;
/** Redis's answer where its allocator tells nothing. */
const NO_ALLOCATOR_STATISTICS = "Stats not supported for the current allocator";
/** The share of the budget from which on the report warns of its end. */
const NEARLY_FULL = 0.8;

/**
 * MEMORY. `redis-cli --memkeys` calls USAGE.
 * @param startupBytes memory that the program took before it had any data
 */
export function memoryCommand(startupBytes: number): Command<ServerContext> {
  return containerCommand<ServerContext>({
    name: "memory",
    summary: "A container for memory diagnostics commands.",
    subcommands: [
      command("memory|doctor", "Outputs a memory problems report.", ({ host }, _request, reply) =>
        reply.verbatim("txt", report(host)),
      ),
      command("memory|malloc-stats", "Returns the allocator statistics.", (_context, _request, reply) =>
        reply.verbatim("txt", NO_ALLOCATOR_STATISTICS),
      ),
      command("memory|purge", "Asks the allocator to release memory.", (_context, _request, reply) => {
        Bun.gc(true);
        reply.ok();
      }),
      command("memory|stats", "Returns details about memory usage.", ({ host }, _request, reply) =>
        statistics(host, startupBytes, reply),
      ),
      command("memory|usage", "Estimates the memory usage of a key.", usage),
    ],
    help: [
      "DOCTOR",
      "    Return memory problems reports.",
      "MALLOC-STATS",
      "    Return internal statistics report from the memory allocator.",
      "PURGE",
      "    Attempt to purge dirty pages for reclamation by the allocator.",
      "STATS",
      "    Return information about the memory usage of the server.",
      "USAGE <key> [SAMPLES <count>]",
      "    Return memory in bytes used by <key> and its value. Nested values are",
      "    sampled up to <count> times (default: 5, 0 means sample all).",
    ],
  });
}

function usage({ host }: ServerContext, request: Request, reply: ReplyWriter) {
  const hasOption = request.count === 5 && request.text(3).toLowerCase() === "samples";
  if (request.count !== 3 && !hasOption) return reply.error(SYNTAX_ERROR);
  const key = request.view(2);
  const length = host.engine.length(key);
  if (length === undefined) reply.null();
  else reply.integer(key.length + length + ENTRY_OVERHEAD_BYTES);
}

/** Says what the memory is used for, and what there is to do. */
function report({ engine }: ServerHost): string {
  const { usedBytes, budgetBytes, evictedCount, keys } = engine.stats();
  const sentences = [
    `${counted(keys)}; entries in memory take ${formatSize(usedBytes)} of ${formatSize(budgetBytes)}.`,
    `The process takes ${formatSize(processMemory().ownBytes)} in all.`,
  ];
  if (engine.name === "lmdb") {
    sentences.push("All keys are on disk, so an entry that leaves the memory is not lost.");
  } else if (evictedCount > 0) {
    const were = evictedCount === 1 ? "was" : "were";
    sentences.push(
      `${counted(evictedCount)} ${were} evicted; CONFIG SET maxmemory or --memory makes room for more.`,
    );
  } else if (usedBytes > NEARLY_FULL * budgetBytes) {
    sentences.push(
      "The memory is more than four fifths full; CONFIG SET maxmemory or --memory makes room for more.",
    );
  } else sentences.push("There is room for more.");
  return `${sentences.join("\n")}\n`;
}

function counted(keys: number): string {
  return keys === 1 ? "1 key" : `${keys.toLocaleString("en-US")} keys`;
}

/** Answers with those of Redis's fields that mean something here. */
function statistics({ engine, numbers }: ServerHost, startupBytes: number, reply: ReplyWriter): void {
  const { usedBytes, keys } = engine.stats();
  const { residentBytes, ownBytes } = processMemory();
  const allBytes = startupBytes + usedBytes;
  const peakBytes = startupBytes + Math.max(usedBytes, numbers.peakUsedBytes);
  const counts: readonly [name: string, value: number][] = [
    ["peak.allocated", peakBytes],
    ["total.allocated", allBytes],
    ["startup.allocated", startupBytes],
    ["overhead.total", startupBytes],
    ["keys.count", keys],
    ["keys.bytes-per-key", keys === 0 ? 0 : Math.floor(usedBytes / keys)],
    ["dataset.bytes", usedBytes],
    ["allocator.resident", residentBytes],
    ["fragmentation.bytes", ownBytes - allBytes],
  ];
  const shares: readonly [name: string, value: number][] = [
    ["dataset.percentage", usedBytes === 0 ? 0 : (usedBytes / allBytes) * 100],
    ["peak.percentage", (allBytes / peakBytes) * 100],
    ["fragmentation", ownBytes / allBytes],
  ];
  reply.map(counts.length + shares.length);
  for (const [name, value] of counts) {
    reply.bulkText(name);
    reply.integer(value);
  }
  for (const [name, value] of shares) {
    reply.bulkText(name);
    reply.double(value);
  }
}
