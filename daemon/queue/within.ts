/** Waits for the work, but no longer than `limit` milliseconds. */
export function within(limit: number, work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
