/**
 * The layout of entries in shared memory. A slot is the address of an entry's first chunk divided by 8, so a slot's
 * words begin at `words[slot * 2]`. All integers are little-endian 32-bit words.
 *
 * | word | first chunk                                      | extent                     | free chunk      |
 * | ---: | ------------------------------------------------ | -------------------------- | --------------- |
 * |    0 | next entry of the index chain; kind; waiting     | chunk before; kind         | next free chunk |
 * |    1 | hash of the key                                  | chunk after                |                 |
 * |    2 | value bytes (29 bits); flags                     | bytes                      |                 |
 * |    3 | key bytes (16 bits); reads (16 bits, saturating) |                            |                 |
 * |    4 | fill time, low 32 bits (44 in all, Unix ms)      |                            |                 |
 * |    5 | fill time (12 bits); extended (1); kind of variant (3); epoch (16) |                            |                 |
 * |  6,7 | the policy's words                               |                            |                 |
 * |  8,9 | expiry, a 64-bit float (if flagged, or extents)  |                            |                 |
 * |   10 | first extent (if there are extents)              |                            |                 |
 * |   11 | bytes of the variant's argument (if extended)    |                            |                 |
 * | 12,13| end of its grace, a 64-bit float (if extended)   |                            |                 |
 *
 * Behind the header lie the key, the variant's argument (if it has one) and the value. They continue in the extents if
 * the first chunk is too small for them.
 */
export const SLOT_BITS = 0x1fff_ffff;
/** The kind of a chunk, in the upper bits of its first word. */
export const KIND_BITS = 0x6000_0000;
export const KIND_FREE = 0;
export const KIND_ENTRY = 0x2000_0000;
export const KIND_EXTENT = 0x4000_0000;

/** In the first word of an entry: no policy holds the entry; it waits in the list of a policy change. */
export const IS_WAITING: number = 1 << 31;

export const NEXT_IN_BUCKET = 0;
export const HASH = 1;
export const VALUE_BYTES = 2;
export const KEY_BYTES = 3;
export const FILLED_LOW = 4;
export const FILLED_HIGH = 5;
export const POLICY_OFFSET = 6;
/** Words of the header for the policy. A policy that needs more cannot run in the store. */
export const POLICY_WORDS = 2;
/** The place of the expiry, in 64-bit floats from the slot. */
export const EXPIRY_FLOAT = 4;
export const FIRST_EXTENT = 10;
export const ARGUMENT_BYTES = 11;
/** The place of the end of the grace, as `EXPIRY_FLOAT`. */
export const GRACE_FLOAT = 6;

export const EXTENT_BEFORE = 0;
export const EXTENT_AFTER = 1;

export const VALUE_BITS = 0x1fff_ffff;
export const HAS_EXPIRY = 1 << 29;
export const HAS_EXTENTS = 1 << 30;
/**
 * The entry is pinned (`pins.ts`): it is being read or written little by little, and its chunks are kept meanwhile.
 */
export const IS_PINNED: number = 1 << 31;
export const KEY_BITS = 0xffff;
export const READ_SHIFT = 16;
export const READ_LIMIT = 0xffff;
/** 44 bits of milliseconds last until the year 2527. */
export const FILLED_HIGH_BITS = 0xfff;
/** Beside the fill time's upper bits: the header is the extended one, with a second deadline and an argument. */
export const IS_EXTENDED = 1 << 12;
/** The kind of question about the key that the entry answers (`variant.ts`). */
export const VARIANT_SHIFT = 13;
export const VARIANT_BITS = 0xe000;
/** The bits of `FILLED_HIGH` that hold neither time nor epoch. */
export const FORM_BITS = 0xf000;
export const EPOCH_SHIFT = 16;
export const EPOCH_BITS = 0xffff;
/**
 * All entries are removed when these bits of the epoch are 0. That is twice per wrap of the 16 bits that entries
 * store, so the removal may take half a wrap.
 */
export const CLEAR_INTERVAL_BITS = 0x7fff;

export const ENTRY_HEADER_BYTES = 32;
export const EXPIRY_BYTES = 8;
/** Header of an entry with extents. It always has room for an expiry, so that one can be set in place. */
export const LONG_HEADER_BYTES = 44;
/** Header of an entry with a second deadline or an argument. It is flagged as having an expiry, too. */
export const EXTENDED_HEADER_BYTES = 56;
export const EXTENT_HEADER_BYTES = 8;

export const KEY_BYTES_LIMIT = KEY_BITS;
export const VALUE_BYTES_LIMIT = VALUE_BITS;
