/** Makes a promise whose rejection may go unhandled. */
export function unwatchedPromise(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(ignore);
  return resolvers;
}

export function ignore(): void {}
