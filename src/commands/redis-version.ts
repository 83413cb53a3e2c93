/**
 * The Redis version whose commands are implemented here. Tests compare replies with it. HELLO and INFO show it: the
 * server's always, the proxy's until it has learnt its origin's version.
 */
export const REDIS_VERSION = "7.0.15";
