import { type Command, command } from "../../commands/command.ts";
import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../../commands/command-errors.ts";
import type { ReplyWriter, Request } from "../../protocol/protocol.ts";
import { int64, isOption } from "../arguments.ts";
import { commonSubsequence } from "../common-subsequence.ts";
import type { ServerContext } from "../context.ts";
import { VALUE_BYTES } from "../limits.ts";

const EMPTY = new Uint8Array(0);

/** LCS: the longest common subsequence of two values. */
export const lcsCommand: Command<ServerContext> = command("lcs", "Finds the longest common substring.", lcs);

function lcs({ keyspace }: ServerContext, request: Request, reply: ReplyWriter) {
  const a = keyspace.get(request.view(1))?.value ?? EMPTY;
  const b = keyspace.get(request.view(2))?.value ?? EMPTY;
  let wantsIndexes = false;
  let wantsLength = false;
  let withLengths = false;
  let leastLength = 0;
  for (let index = 3; index < request.count; index++) {
    if (isOption(request, index, "idx")) wantsIndexes = true;
    else if (isOption(request, index, "len")) wantsLength = true;
    else if (isOption(request, index, "withmatchlen")) withLengths = true;
    else if (isOption(request, index, "minmatchlen") && index + 1 < request.count) {
      const given = int64(request, ++index);
      if (given === undefined) return reply.error(NOT_AN_INTEGER);
      leastLength = Number(given);
    } else return reply.error(SYNTAX_ERROR);
  }
  if (wantsIndexes && wantsLength) {
    return reply.error("ERR If you want both the length and indexes, please just use IDX.");
  }
  if ((a.length + 1) * (b.length + 1) * Uint32Array.BYTES_PER_ELEMENT > VALUE_BYTES) {
    return reply.error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const { length, text, matches } = commonSubsequence(a, b);
  if (wantsLength) return reply.integer(length);
  if (!wantsIndexes) return reply.bulk(text);
  const shown = matches.filter((match) => match.length >= leastLength);
  reply.map(2);
  reply.bulkText("matches");
  reply.array(shown.length);
  for (const match of shown) {
    reply.array(withLengths ? 3 : 2);
    for (const start of [match.inA, match.inB]) {
      reply.array(2);
      reply.integer(start);
      reply.integer(start + match.length - 1);
    }
    if (withLengths) reply.integer(match.length);
  }
  reply.bulkText("len");
  reply.integer(length);
}
