/** The characters that divide a key into parts, by convention. */
export const KEY_SEPARATORS = ":/.|";
