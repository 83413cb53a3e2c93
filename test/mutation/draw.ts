import type { SeededRandom } from "../../src/lib/random.ts";
import { apply, type Description, describeMutation, KINDS, type Mutation, mutationsOf } from "./mutations.ts";
import type { Program } from "./program.ts";
import { filesOf, type Room } from "./rooms.ts";
import type { Scratch } from "./scratch.ts";

export interface Drawn {
  readonly room: Room;
  readonly mutation: Mutation;
  readonly description: Description;
}

/**
 * Draws mutations: from each room in turn, of a kind drawn first, so that rare kinds have their part too. Those that
 * do not compile are drawn again.
 */
export async function draw(
  scratch: Scratch,
  program: Program,
  rooms: readonly Room[],
  count: number,
  random: SeededRandom,
): Promise<Drawn[]> {
  const sites = new Map<Room, Mutation[][]>();
  for (const room of rooms) {
    const trees = await program.parse(filesOf(scratch.root, room));
    const mutations = [...trees].flatMap(([path, tree]) => mutationsOf(path, tree));
    const byKind = KINDS.map((kind) => mutations.filter((mutation) => mutation.kind === kind));
    sites.set(
      room,
      byKind.filter((kind) => kind.length > 0),
    );
  }
  const drawn: Drawn[] = [];
  while (drawn.length < count) {
    const room = rooms[drawn.length % rooms.length]!;
    const kinds = sites.get(room)!;
    if (kinds.length === 0) throw new Error(`room ${room.name} has no mutations left`);
    const kind = random.pick(kinds);
    const [mutation] = kind.splice(random.below(kind.length), 1);
    if (kind.length === 0) kinds.splice(kinds.indexOf(kind), 1);
    const text = scratch.read(mutation!.path);
    const compiles = await program.compiles(mutation!.path, apply(text, mutation!));
    scratch.write(mutation!.path, text);
    await program.compiles(mutation!.path, text);
    if (compiles) {
      drawn.push({ room, mutation: mutation!, description: describeMutation(text, mutation!) });
    }
  }
  return drawn;
}
