import type { Move, World } from "./world.ts";

/**
 * A run whose order the reader chooses: at each moment one of the moves that are possible. It is decided by how its
 * world is made and by the choices, so a step back makes the world anew and repeats all choices but the last.
 */
export class ChoiceRun<Scene extends { readonly world: World }> {
  readonly #make: () => Scene;
  #choices: string[] = [];
  #at = 0;
  #scene: Scene;

  /** @param make must make the same scene each time */
  constructor(make: () => Scene, choices: readonly string[] = []) {
    this.#make = make;
    this.#scene = make();
    for (const lane of choices) this.choose(lane);
  }

  get scene(): Scene {
    return this.#scene;
  }

  /** How many choices have been carried out. */
  get at(): number {
    return this.#at;
  }

  /** All choices, those that were taken back too. */
  get choices(): readonly string[] {
    return this.#choices;
  }

  /** What can happen next; nothing: the run is over. */
  get moves(): readonly Move[] {
    return this.#scene.world.moves();
  }

  /**
   * Lets the next thing in a lane happen. Choices that were taken back are forgotten, unless this is the first of them.
   * @throws RangeError if nothing can happen there
   */
  choose(lane: string): void {
    this.#scene.world.take(lane);
    if (this.#choices[this.#at] !== lane) this.#choices = [...this.#choices.slice(0, this.#at), lane];
    this.#at++;
  }

  /** Goes to the moment behind so many choices, forwards or backwards. */
  seek(to: number): void {
    const target = Math.max(0, Math.min(to, this.#choices.length));
    if (target < this.#at) {
      this.#scene = this.#make();
      this.#at = 0;
    }
    while (this.#at < target) this.#scene.world.take(this.#choices[this.#at++]!);
  }
}

/** One complete run, among all orders in which things can happen. */
export interface Explored<Scene> {
  readonly choices: readonly string[];
  readonly scene: Scene;
}

/**
 * Runs a scene in every order that is possible, and calls `visit` with each complete run.
 * @throws RangeError if there are more orders than `limit`
 */
export function explore<Scene extends { readonly world: World }>(
  make: () => Scene,
  visit: (explored: Explored<Scene>) => void,
  limit = 200_000,
): number {
  let count = 0;
  const follow = (choices: readonly string[]): void => {
    const scene = make();
    const { world } = scene;
    for (const lane of choices) world.take(lane);
    const path = [...choices];
    for (let moves = world.moves(); moves.length > 0; moves = world.moves()) {
      const [first, ...others] = moves;
      for (const { lane } of others) follow([...path, lane]);
      path.push(first!.lane);
      world.take(first!.lane);
    }
    if (++count > limit) throw new RangeError(`more than ${limit} orders are possible`);
    visit({ choices: path, scene });
  };
  follow([]);
  return count;
}
