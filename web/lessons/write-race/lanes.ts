import type { Answer, Happening, Request } from "../../model/happenings.ts";
import { judge } from "../../model/promises.ts";
import { textsOf } from "../../model/sentences.ts";

/** Where something happens: a client by its name, `proxy`, or `origin`. */
export type Place = string;

/** Something that goes from one place to another. */
export interface Arrow {
  readonly id: string;
  /** `wrong`: an answer that breaks a promise. */
  readonly kind: "question" | "write" | "answer" | "wrong" | "ok" | "push";
  readonly text: string;
  readonly from: Place;
  readonly to: Place;
  readonly fromRow: number;
  /** Undefined: it is under way. */
  readonly toRow: number | undefined;
  /** Of frames under way in one direction, the place in their order: 0 arrives first. */
  readonly ahead: number;
  /** Of all frames under way, the place in the order in which they were sent. */
  readonly slot: number;
}

/** What a place holds of the key, from a row on. */
export interface Band {
  readonly place: "proxy" | "origin";
  readonly text: string;
  readonly fromRow: number;
  /** Undefined: still. */
  readonly toRow: number | undefined;
  /** From which row on the origin has another value; undefined: it has this one. */
  readonly oldFromRow: number | undefined;
}

/** A question under way, with the lease that it was sent with. */
export interface Fill {
  readonly lease: number;
  readonly fromRow: number;
  readonly toRow: number | undefined;
  /** Whether its value was kept; undefined: it is under way. */
  readonly isKept: boolean | undefined;
}

/** The lease that the key has from a row on. */
interface LeaseChange {
  readonly row: number;
  readonly lease: number;
}

/** What a drawing of a race shows: time goes down, a row for each step. */
export interface Lanes {
  readonly rows: number;
  readonly arrows: readonly Arrow[];
  readonly bands: readonly Band[];
  readonly fills: readonly Fill[];
  readonly leases: readonly LeaseChange[];
}

/**
 * Turns a log into a drawing.
 * @param prologue how many things had happened before the first step
 * @param steps how many steps have been taken
 */
export function lanesOf(happenings: readonly Happening[], prologue: number, steps: number): Lanes {
  const base = happenings[prologue - 1]?.step ?? 0;
  const rowOf = ({ step }: Happening): number => Math.max(0, step - base);
  const textOf = textsOf(happenings);
  const told = happenings.slice(prologue);
  return {
    rows: steps + 1,
    arrows: [...frameArrows(told, rowOf, textOf), ...clientArrows(told, rowOf, textOf)],
    bands: bandsOf(happenings, rowOf, textOf),
    fills: fillsOf(told, rowOf),
    leases: [
      { row: 0, lease: firstLease(told) },
      ...told.flatMap((one) => (one.what === "invalidated" ? [{ row: rowOf(one), lease: one.lease }] : [])),
    ],
  };
}

type RowOf = (one: Happening) => number;
type TextOf = ReturnType<typeof textsOf>;

function frameArrows(told: readonly Happening[], rowOf: RowOf, textOf: TextOf): Arrow[] {
  const arrived = new Map(told.flatMap((one) => (one.what === "arrived" ? [[one.frame, rowOf(one)]] : [])));
  const ahead = new Map<string, number>();
  let slots = 0;
  return told.flatMap((one): Arrow[] => {
    if (one.what !== "sent") return [];
    const { load, frame, wire } = one;
    const toRow = arrived.get(frame);
    const direction = `${wire} ${load.up}`;
    const place = ahead.get(direction) ?? 0;
    if (toRow === undefined) ahead.set(direction, place + 1);
    const [kind, text] = load.up ? requestLabel(load.requests) : answerLabel(load.answers, textOf);
    const [from, to]: readonly [Place, Place] = load.up ? ["proxy", "origin"] : ["origin", "proxy"];
    const slot = toRow === undefined ? slots++ : 0;
    const id = `frame ${frame}`;
    return [{ id, kind, text, from, to, fromRow: rowOf(one), toRow, ahead: place, slot }];
  });
}

function requestLabel(requests: readonly Request[]): readonly [Arrow["kind"], string] {
  const last = requests.at(-1)!;
  if (last.command === "set") return ["write", `${last.key} = ${last.text}`];
  return ["question", "key" in last ? `${last.key}?` : last.command];
}

function answerLabel(answers: readonly Answer[], textOf: TextOf): readonly [Arrow["kind"], string] {
  const last = answers.at(-1)!;
  if (last.kind === "push") return ["push", `${last.key} changed`];
  if (last.to.command === "set") return ["ok", "OK"];
  if (!("key" in last.to)) return ["ok", last.to.command];
  return ["answer", `${last.to.key} = ${textOf(last.version) ?? "none"}`];
}

function clientArrows(told: readonly Happening[], rowOf: RowOf, textOf: TextOf): Arrow[] {
  const broken = new Set(judge(told, Number.POSITIVE_INFINITY).broken.map(({ read }) => read));
  return told.flatMap((one): Arrow[] => {
    const row = rowOf(one);
    const base = { fromRow: row, toRow: row, ahead: 0, slot: 0 };
    switch (one.what) {
      case "asked":
        return [
          {
            ...base,
            id: `ask ${one.read}`,
            kind: "question",
            text: `${one.key}?`,
            from: one.client,
            to: one.at,
          },
        ];
      case "wrote": {
        const text = `${one.key} = ${one.text}`;
        return [{ ...base, id: `write ${one.write}`, kind: "write", text, from: one.client, to: one.at }];
      }
      case "answered": {
        const isBroken = broken.has(one.read);
        const kind = isBroken ? "wrong" : "answer";
        const text = `${textOf(one.version) ?? "none"}${isBroken ? " !" : ""}`;
        return [{ ...base, id: `answer ${one.read}`, kind, text, from: one.at, to: one.client }];
      }
      case "acknowledged":
        return [{ ...base, id: `ok ${one.write}`, kind: "ok", text: "OK", from: one.at, to: one.client }];
      default:
        return [];
    }
  });
}

function bandsOf(happenings: readonly Happening[], rowOf: RowOf, textOf: TextOf): Band[] {
  const changes = happenings.flatMap((one) =>
    one.what === "changed" ? [{ version: one.version, row: rowOf(one), text: one.text }] : [],
  );
  const bands: Band[] = changes.map(({ row, text }, i) => ({
    place: "origin",
    text,
    fromRow: row,
    toRow: changes[i + 1]?.row,
    oldFromRow: undefined,
  }));
  let held: { readonly version: number; readonly row: number } | undefined;
  const end = (toRow: number | undefined): void => {
    if (held === undefined) return;
    const { version, row } = held;
    const next = changes.find((change) => change.version > version);
    const isOld = next !== undefined && (toRow === undefined || next.row < toRow);
    const oldFromRow = isOld ? Math.max(next.row, row) : undefined;
    bands.push({ place: "proxy", text: textOf(version) ?? "none", fromRow: row, toRow, oldFromRow });
    held = undefined;
  };
  for (const one of happenings) {
    if (one.what === "stored") {
      end(rowOf(one));
      held = { version: one.version, row: rowOf(one) };
    } else if (one.what === "invalidated") {
      end(rowOf(one));
    }
  }
  end(undefined);
  return bands;
}

function fillsOf(told: readonly Happening[], rowOf: RowOf): Fill[] {
  const ends = told.filter(({ what }) => what === "stored" || what === "refused");
  // Answers come in the order of their questions.
  return told
    .filter((one) => one.what === "began")
    .map((one, i) => {
      const end = ends[i];
      const isKept = end === undefined ? undefined : end.what === "stored";
      return {
        lease: one.lease,
        fromRow: rowOf(one),
        toRow: end === undefined ? undefined : rowOf(end),
        isKept,
      };
    });
}

/** The lease before the first change: leases count up by one. */
function firstLease(told: readonly Happening[]): number {
  const change = told.find((one) => one.what === "invalidated");
  if (change?.what === "invalidated") return change.lease - 1;
  const began = told.find((one) => one.what === "began");
  return began?.what === "began" ? began.lease : 0;
}
