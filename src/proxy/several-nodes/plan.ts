import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { Random } from "../../lib/random.ts";
import type { Request } from "../../protocol/protocol.ts";
import {
  writeArgumentCount,
  writeCommand,
  writeRequest,
  writeRequestArgument,
} from "../../protocol/request-writer.ts";
import type { Origin } from "../../upstream/origin.ts";
import type { OriginNode } from "../../upstream/origin-node.ts";
import { argumentAt } from "../destination.ts";
import { encodeLine } from "./encoded-line.ts";
import {
  anyOf,
  concatenation,
  first,
  inAll,
  type Join,
  least,
  sum,
  sumsByName,
  union,
} from "./joined-replies.ts";
import { nextCursor, nodeBehind, readCursor } from "./scan-cursor.ts";

/** A command for one node. */
export interface Part {
  readonly node: OriginNode;
  /** In RESP. */
  readonly command: Uint8Array;
}

/** How several nodes execute one request. */
export interface Plan {
  readonly parts: readonly Part[];
  readonly join: Join;
  /** Whether the request has succeeded if it has at one node. Otherwise an error of one part is the request's. */
  readonly isOneEnough?: boolean;
}

export interface PlanContext {
  readonly origin: Origin;
  readonly random: Random;
  /** Whether MSET and MSETNX may be split, so that another client can see a part of them alone. */
  readonly splitsWrites: boolean;
}

/** Commands of one key after the other, whose reply is how many they concerned. */
const COUNTING = new Set(["del", "exists", "touch", "unlink"]);
/** Commands with a value behind each key. */
const SETTING = new Map<string, Join>([
  ["mset", first],
  // 1 only if all keys were new. A part may have been set although another was not.
  ["msetnx", least],
]);

/** Commands about all keys, and how the nodes' replies become one. */
const ABOUT_ALL = new Map<string, Join>([
  ["dbsize", sum],
  ["flushall", first],
  ["flushdb", first],
  ["keys", concatenation],
]);

/** Scripts and functions are the same at all nodes. */
const ABOUT_SCRIPTS = new Map<string, Join>([
  ["script load", first],
  ["script flush", first],
  ["script exists", inAll],
  ["function load", first],
  ["function delete", first],
  ["function flush", first],
  ["function restore", first],
]);

/**
 * A node knows its own subscribers alone, and clients subscribe at any. Of patterns it tells how many it has, so that
 * one with subscribers at two nodes counts twice.
 */
const ABOUT_SUBSCRIBERS = new Map<string, Join>([
  ["pubsub channels", union],
  ["pubsub shardchannels", union],
  ["pubsub numsub", sumsByName],
  ["pubsub shardnumsub", sumsByName],
  ["pubsub numpat", sum],
]);

/** At most one node runs the script that is to end. */
const ENDING = new Set(["script kill", "function kill"]);

/** Commands with subcommands for several nodes. */
const CONTAINERS = new Set(["script", "function", "pubsub"]);

const NAMES: ReadonlySet<string> = new Set([
  ...[...COUNTING, ...SETTING.keys(), ...ABOUT_ALL.keys()],
  ...["scan", "randomkey", ...CONTAINERS],
]);

/** Whether several nodes may have to execute a command together. Each request asks this. @param name in lower case */
export function mayNeedSeveral(name: string): boolean {
  return NAMES.has(name);
}

/**
 * Returns how several nodes execute a request together; undefined: one node does, as any other request.
 * @param name in lower case
 * @throws UpstreamError if a node is not known
 */
export function planOf(context: PlanContext, name: string, request: Request): Plan | undefined {
  const { origin, random, splitsWrites } = context;
  if (COUNTING.has(name)) return splitByKeys(origin, request, 1, sum);
  const setting = splitsWrites ? SETTING.get(name) : undefined;
  if (setting !== undefined && request.count % 2 === 1) return splitByKeys(origin, request, 2, setting);
  if (name === "scan" && request.count >= 2) return scanPlan(origin, request);
  if (name === "randomkey") return everyNode(origin, request, anyOf(random));
  const join = joinOfAll(name, request) ?? ABOUT_SUBSCRIBERS.get(fullName(name, request));
  if (join === undefined) return undefined;
  return { ...everyNode(origin, request, join), isOneEnough: ENDING.has(fullName(name, request)) };
}

/** Whether every node executes a request, and not each its part of the keys. @param name in lower case */
export function isEveryNodes(name: string, request: Request): boolean {
  return name === "randomkey" || name === "scan" || joinOfAll(name, request) !== undefined;
}

function joinOfAll(name: string, request: Request): Join | undefined {
  const about = fullName(name, request);
  return ENDING.has(about) ? first : (ABOUT_ALL.get(about) ?? ABOUT_SCRIPTS.get(about));
}

function everyNode(origin: Origin, request: Request, join: Join): Plan {
  const command = encoded((out) => writeRequest(out, request));
  return { parts: origin.nodes.map((node) => ({ node, command })), join };
}

/**
 * Splits a request by the slots of its keys: a node takes several keys only if they are of one slot.
 * @param step the number of arguments for each key
 * @returns undefined if all keys are of one slot
 */
function splitByKeys(origin: Origin, request: Request, step: number, join: Join): Plan | undefined {
  const bySlot = new Map<number, number[]>();
  for (let index = 1; index < request.count; index += step) {
    const slot = argumentAt(request, index).hashSlot;
    const indexes = bySlot.get(slot);
    if (indexes === undefined) bySlot.set(slot, [index]);
    else indexes.push(index);
  }
  if (bySlot.size < 2) return undefined;
  const parts = [...bySlot.values()].map((indexes) => {
    const command = encoded((out) => {
      writeArgumentCount(out, 1 + indexes.length * step);
      writeRequestArgument(out, request, 0);
      for (const index of indexes) {
        for (let at = index; at < index + step; at++) writeRequestArgument(out, request, at);
      }
    });
    return { node: origin.nodeOf(argumentAt(request, indexes[0]!)), command };
  });
  return { parts, join };
}

/** SCAN goes through one node after the other. Its cursor says at which one it is. */
function scanPlan(origin: Origin, request: Request): Plan {
  const cursor = readCursor(request.text(1));
  const nodes = new Map(origin.nodes.map((node) => [origin.numberOf(node), node]));
  const numbers = [...nodes.keys()];
  // Any node answers a wrong cursor with the right error.
  if (cursor === undefined) return everyNode(origin, request, first);
  // A node that owns nothing any more is passed over.
  const isThere = nodes.has(cursor.number);
  const number = isThere ? cursor.number : nodeBehind(cursor.number, numbers);
  if (number === undefined) return { parts: [], join: () => encodeLine("*2\r\n$1\r\n0\r\n*0") };
  const rest = Array.from({ length: request.count - 2 }, (_, index) => request.copy(index + 2));
  const command = encoded((out) => writeCommand(out, ["SCAN", isThere ? cursor.inner : "0", ...rest]));
  const join: Join = ([reply]) => withCursor(reply!, (inner) => nextCursor(number, inner, numbers));
  return { parts: [{ node: nodes.get(number)!, command }], join };
}

/** Replaces the cursor in the reply to SCAN: an array of it and of the keys. */
function withCursor(reply: Uint8Array, change: (inner: string) => string): Uint8Array {
  const text = latin1(reply, 0, Math.min(reply.length, 64));
  const [head, inner] = /^\*2\r\n\$\d+\r\n(\d+)\r\n/.exec(text) ?? [];
  if (head === undefined) return reply;
  const cursor = change(inner!);
  return Buffer.concat([encodeLine(`*2\r\n$${cursor.length}\r\n${cursor}`), reply.subarray(head.length)]);
}

/** The name of a command about scripts has its subcommand's with it. */
function fullName(name: string, request: Request): string {
  return CONTAINERS.has(name) && request.count > 1 ? `${name} ${request.text(1).toLowerCase()}` : name;
}

function encoded(write: (out: ByteBuffer) => void): Uint8Array {
  const out = new ByteBuffer(256);
  write(out);
  return out.view();
}
