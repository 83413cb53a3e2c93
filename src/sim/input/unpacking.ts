import { spawn } from "node:child_process";
import { TraceError } from "../../replay/records.ts";
import type { Chunks } from "./trace-bytes.ts";

/** So much of what the program says is kept for a message. */
const SAID_LIMIT = 1000;

/**
 * What a program of the system makes of compressed data, `xz -dc` for one: the runtime unpacks gzip and zstd alone.
 * @param name the trace's, for people
 * @throws TraceError where there is no such program, or it ends with an error
 */
export async function* unpacked(
  raw: Chunks,
  program: string,
  name: string,
): AsyncGenerator<Uint8Array, void, void> {
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < SAID_LIMIT) said += text;
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", ({ code, message }: NodeJS.ErrnoException) => {
      resolve(
        code === "ENOENT"
          ? `${name}: this is ${program} data, and there is no program ${program} to unpack it; install it, or unpack the file elsewhere`
          : `${name}: this is ${program} data, and ${program} cannot be run: ${message}`,
      );
    });
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(undefined);
      const reason = said.trim().split("\n")[0] ?? "";
      resolve(
        `${name}: the ${program} data is cut off or broken: ${reason === "" ? (signal ?? `code ${code}`) : reason}`,
      );
    });
  });
  // What goes wrong in reading is to be told as it is, and not as something about compression.
  let failure: unknown;
  const fed = feed(raw, child.stdin).catch((error: unknown) => {
    failure = error;
    child.kill();
  });
  let isOver = false;
  let interrupted: unknown;
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    isOver = true;
  } catch (error) {
    // The program could not be run, as it tells itself; else its output broke off.
    interrupted = error;
  } finally {
    if (!isOver) child.kill();
    await raw.return();
  }
  await fed;
  const problem = await ended;
  if (failure !== undefined) throw failure;
  if (problem !== undefined) throw new TraceError(problem);
  if (interrupted !== undefined) throw interrupted;
}

/** Ends early where the program does: why is told by its code. */
async function feed(raw: Chunks, input: NodeJS.WritableStream): Promise<void> {
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    const close = (): void => {
      isClosed = true;
      resolve();
    };
    input.once("error", close);
    input.once("close", close);
  });
  while (!isClosed) {
    const { value, done } = await raw.next();
    if (done === true) break;
    // Each piece is valid until the next one is asked for.
    const isTaken = new Promise<void>((resolve) => input.write(new Uint8Array(value), () => resolve()));
    await Promise.race([isTaken, closed]);
  }
  input.end();
}
