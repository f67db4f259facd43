import { unknownAddress } from '../wire/ip.ts';

/**
 * The package leaves a client whose address is said to be unknown the address of the proxy, and who signed in there:
 * the rights of the proxy. Here it has an address nobody has.
 */
export const withAddress = (command: Buffer): Buffer =>
  Buffer.from(
    command
      .toString('latin1')
      .replace(/(\sADDR=)(?:\[|\+5B)(?:UNAVAILABLE|TEMPUNAVAIL)(?:\]|\+5D)/gi, `$1${unknownAddress}`),
    'latin1',
  );
