/** What the page replays at most; of a longer trace it takes the beginning. */
export const REQUESTS_LIMIT = 2_000_000;
export const OBJECTS_LIMIT = 500_000;
