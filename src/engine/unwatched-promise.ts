/** A promise whose rejection need not be looked at. */
export function unwatchedPromise(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(ignore);
  return resolvers;
}

export function ignore(): void {}
