import type { Reader, Writer } from "./proxy.ts";
import type { World } from "./world.ts";

/** What clients ask: a proxy, or a cache with another rule for writes. */
export interface Cache {
  readonly name: string;
  read(key: string, reader: Reader): void;
  write(key: string, text: string, write: number, writer: Writer): void;
}

/** Lets a client read a key, and tells what comes of it. @param done called when it has its answer, or none will come */
export function readBy(world: World, client: string, cache: Cache, key: string, done: () => void): void {
  const read = world.nextNumber();
  const about = { client, at: cache.name };
  world.tell({ what: "asked", ...about, key, read });
  cache.read(key, {
    answered: (version, source) => {
      world.tell({ what: "answered", ...about, key, read, version, source });
      done();
    },
    failed: () => {
      world.tell({ what: "read-failed", ...about, read });
      done();
    },
  });
}

/** Lets a client write a key, and tells what comes of it. @param done as in `readBy` */
export function writeBy(
  world: World,
  client: string,
  cache: Pick<Cache, "name" | "write">,
  [key, text]: readonly [key: string, text: string],
  done: () => void,
): void {
  const write = world.nextNumber();
  const about = { client, at: cache.name };
  world.tell({ what: "wrote", ...about, key, text, write });
  cache.write(key, text, write, {
    acknowledged: (version) => {
      world.tell({ what: "acknowledged", ...about, key, write, version });
      done();
    },
    failed: () => {
      world.tell({ what: "write-failed", ...about, write });
      done();
    },
  });
}
