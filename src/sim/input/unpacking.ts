import { spawn } from "node:child_process";
import { TraceError } from "../../replay/records.ts";
import type { Chunks } from "./chunks.ts";

/** Characters of the program's standard error that are kept for a message. */
const SAID_LIMIT = 1000;

/**
 * Decompresses with a program of the system such as `xz -dc`: the runtime unpacks only gzip and zstd.
 * @param name the trace's name, for messages
 * @throws TraceError if there is no such program, or it fails
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
          ? `${name}: this is ${program} data, and the program ${program} is not installed; install it, or unpack the file elsewhere`
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
  // Report a read error as it is, not as a compression error.
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
    // Either the program could not be run, which its own error says, or its output broke off.
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

/** Writes the compressed bytes to the program. Ends early if the program does; its exit code says why. */
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
    // A copy, because each piece is valid only until the next call.
    const isTaken = new Promise<void>((resolve) => input.write(new Uint8Array(value), () => resolve()));
    await Promise.race([isTaken, closed]);
  }
  input.end();
}
