/** Octets as a person reads them. */
export const inBytes = (n: number): string =>
  n < 1024 ** 2
    ? `${Math.ceil(n / 1024)} KB`
    : n < 1024 ** 3
      ? `${(n / 1024 ** 2).toFixed(1)} MB`
      : `${(n / 1024 ** 3).toFixed(1)} GB`;
