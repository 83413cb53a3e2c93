import { fromUtf8 } from "../lib/bytes.ts";

/**
 * The facts about commands that the client needs: which ones only read, and which ones do not fit a shared
 * connection. The table of commands contains them, but would double the package; a test compares this list with it.
 */

/** Sent once more if the connection is lost before the reply: these commands change nothing. */
export const READS: ReadonlySet<string> = new Set(
  (
    "BITCOUNT BITFIELD_RO BITPOS CLUSTERSCAN COMMAND DBSIZE DIGEST DUMP ECHO EXISTS EXPIRETIME GEODIST GEOHASH " +
    "GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE GLASS.EXPLAIN GLASS.FAMILIES GLASS.GET GLASS.HOTKEYS HEXISTS HEXPIRETIME HGET " +
    "HGETALL HKEYS HLEN HMGET HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS INFO KEYS LCS LINDEX LLEN " +
    "LOLWUT LPOS LRANGE MGET PEXPIRETIME PFCOUNT PING PTTL RANDOMKEY SCAN SCARD SDIFF SINTER SINTERCARD SISMEMBER " +
    "SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR SUNION TIME TOUCH TTL TYPE VCARD VDIM VEMB VGETATTR " +
    "VINFO VISMEMBER VLINKS VRANDMEMBER VRANGE VSIM XLEN XPENDING XRANGE XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER " +
    "ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX " +
    "ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION"
  ).split(" "),
);

/** Commands that do not have exactly one reply, or that reset the connection. */
const UNFIT: ReadonlySet<string> = new Set(
  "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC HELLO RESET QUIT".split(
    " ",
  ),
);

/** Commands that change the state of the connection, which would be lost with it. */
const STATEFUL: ReadonlySet<string> = new Set("MULTI WATCH SELECT AUTH ASKING READONLY READWRITE".split(" "));

type Words = readonly (string | Uint8Array)[];

export function isRead(args: Words): boolean {
  return READS.has(verb(args[0]));
}

/**
 * @param keepsState whether the client has only this connection
 * @throws RangeError for a command that cannot be sent over such a connection
 */
export function checkCommand(args: Words, keepsState: boolean): void {
  const name = verb(args[0]);
  if (name === "") throw new RangeError("a command has a name");
  const second = name === "CLIENT" ? verb(args[1]) : "";
  if (UNFIT.has(name) || second === "REPLY") {
    throw new RangeError(`${name}${second === "" ? "" : ` ${second}`} cannot be sent through this client`);
  }
  if (keepsState) return;
  if (STATEFUL.has(name) || second === "TRACKING" || second === "CACHING") {
    throw new RangeError(
      `${name} changes the state of the connection, which reconnecting would lose: connect with reconnect: false`,
    );
  }
}

/** Returns a command's name as it is in these tables. */
export function verb(word: string | Uint8Array | undefined): string {
  if (word === undefined) return "";
  return (typeof word === "string" ? word : fromUtf8(word)).toUpperCase();
}
