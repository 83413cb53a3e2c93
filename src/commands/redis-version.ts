/**
 * The Redis whose commands are implemented here and whose answers the tests compare with. HELLO and INFO of the server
 * name it, and those of the proxy while its origin has not said what it is.
 */
export const REDIS_VERSION = "7.0.15";
