import { nameServer } from './name-server.ts';
import { nextHop } from './next-hop.ts';

/**
 * The world outside the edge, in a network namespace of its own: a name server, and a mail server that takes all.
 * Prints `{"names": ADDRESS}`, then one line for each mail taken.
 */
const host = process.argv[2] ?? '';
const names = await nameServer(
  { 'far.test': { MX: [[10, 'mx.far.test']] }, 'mx.far.test': { A: [host] } },
  { host, silent: 'udp' },
);
const hop = await nextHop({}, 25, host);
console.log(JSON.stringify({ names: names.address }));
let told = 0;
setInterval(() => {
  for (; told < hop.contents.length; told++) console.log(JSON.stringify({ content: hop.contents[told] }));
}, 50);
