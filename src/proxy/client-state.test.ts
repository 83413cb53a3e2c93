/** What CLIENT LIST and CLIENT GETREDIR show of a client with a connection of its own, reply by reply. */
import { expect, test } from "bun:test";
import type { ClientFacts } from "../net/client-facts.ts";
import { type Change, ClientState, type Effect } from "./client-state.ts";

function changeOf(effect: Effect, more: Partial<Change> = {}): Change {
  return { effect, database: undefined, redirection: undefined, broadcasts: false, ...more };
}

const COMMAND = changeOf("none");
const EXEC = changeOf("exec");

function select(database: number): Change {
  return changeOf("select-other", { database });
}

/** A client as it has connected, and its state. */
function scene() {
  const client = { database: 0, queuedCommands: -1, redirection: -1 };
  return { client, state: new ClientState(client as ClientFacts) };
}

/** A client that has begun a transaction. */
function begun() {
  const { client, state } = scene();
  state.succeeded(changeOf("multi"), false, false);
  return { client, state };
}

test("a SELECT changes the database at once", () => {
  const { client, state } = scene();
  state.succeeded(select(3), false, false);
  expect(client).toEqual({ database: 3, queuedCommands: -1, redirection: -1 });
});

test("a SELECT that fails changes nothing, inside of a transaction or outside", () => {
  for (const isInside of [false, true]) {
    const { client, state } = isInside ? begun() : scene();
    state.failed(select(3), isInside);
    if (isInside) state.succeeded(EXEC, false, true);
    expect(client).toEqual({ database: 0, queuedCommands: -1, redirection: -1 });
  }
});

test("the commands of a transaction are counted until it ends", () => {
  for (const effect of ["exec", "discard"] as const) {
    const { client, state } = begun();
    expect(client.queuedCommands).toBe(0);
    state.succeeded(COMMAND, false, true);
    state.succeeded(COMMAND, false, true);
    expect(client.queuedCommands).toBe(2);
    state.succeeded(changeOf(effect), false, true);
    expect(client.queuedCommands).toBe(-1);
  }
});

test("the last SELECT of a transaction changes the database when it is executed", () => {
  const { client, state } = begun();
  state.succeeded(select(3), false, true);
  state.succeeded(select(4), false, true);
  state.succeeded(COMMAND, false, true);
  expect(client.database).toBe(0);
  state.succeeded(EXEC, false, true);
  expect(client.database).toBe(4);
});

test("the SELECT of a transaction that is not executed changes nothing, then or later", () => {
  const ends: ((state: ClientState) => void)[] = [
    (state) => state.succeeded(EXEC, true, true),
    (state) => state.succeeded(changeOf("discard"), false, true),
    (state) => state.failed(EXEC, true),
  ];
  for (const end of ends) {
    const { client, state } = begun();
    state.succeeded(select(3), false, true);
    end(state);
    expect(client).toEqual({ database: 0, queuedCommands: -1, redirection: -1 });
    state.succeeded(changeOf("multi"), false, false);
    state.succeeded(EXEC, false, true);
    expect(client.database).toBe(0);
  }
});

test("behind a command that could not be queued none is counted, until the transaction ends", () => {
  const { client, state } = begun();
  state.succeeded(COMMAND, false, true);
  state.failed(COMMAND, true);
  state.succeeded(COMMAND, false, true);
  expect(client.queuedCommands).toBe(1);
  state.failed(EXEC, true);
  expect(client.queuedCommands).toBe(-1);
  state.succeeded(changeOf("multi"), false, false);
  state.succeeded(COMMAND, false, true);
  expect(client.queuedCommands).toBe(1);
});

test("a MULTI within a transaction fails alone, and a command outside of one aborts nothing", () => {
  const { client, state } = scene();
  state.failed(COMMAND, false);
  state.succeeded(changeOf("multi"), false, false);
  state.failed(changeOf("multi"), true);
  state.succeeded(COMMAND, false, true);
  expect(client.queuedCommands).toBe(1);
});

test("an EXEC that fails outside of a transaction ends nothing", () => {
  const { client, state } = scene();
  client.queuedCommands = 0;
  state.failed(EXEC, false);
  expect(client.queuedCommands).toBe(0);
});

test("tracking goes to the client itself, or to another one, until it is switched off", () => {
  const { client, state } = scene();
  expect([client.redirection, state.redirection, state.broadcasts]).toEqual([-1, undefined, false]);
  const on = (more: Partial<Change>) => state.succeeded(changeOf("tracking-on", more), false, false);
  on({ broadcasts: true });
  expect([client.redirection, state.redirection, state.broadcasts]).toEqual([0, undefined, true]);
  on({ redirection: { ours: 7, theirs: 70 } });
  expect([client.redirection, state.redirection, state.broadcasts]).toEqual([
    7,
    { ours: 7, theirs: 70 },
    false,
  ]);
  // To the client itself, by its id 0.
  on({ redirection: { ours: 0, theirs: 0 } });
  expect([client.redirection, state.redirection]).toEqual([0, undefined]);
  on({ redirection: { ours: 7, theirs: 70 }, broadcasts: true });
  state.succeeded(COMMAND, false, false);
  expect(client.redirection).toBe(7);
  state.succeeded(changeOf("tracking-off"), false, false);
  expect([client.redirection, state.redirection, state.broadcasts]).toEqual([-1, undefined, false]);
});

test("a command without effect changes nothing", () => {
  const { client, state } = scene();
  state.succeeded(COMMAND, false, false);
  expect(client).toEqual({ database: 0, queuedCommands: -1, redirection: -1 });
});
