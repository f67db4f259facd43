/** Octets of all words together: each costs a state, and a state is named by two octets. */
export const mostWords = 60_000;

/**
 * Aho and Corasick's automaton over octets: however many words are looked for, each octet of the content is looked
 * at once, and where chunks are cut makes no difference. Native searches, word by word, are quicker for up to about
 * five words, and slower from then on in proportion; against hostile text they are not linear.
 */
export class WordSearch {
  /** The column of an octet in a row of `#next`; 0: in no word. Capital ASCII letters share that of the small ones. */
  readonly #column = new Uint8Array(256);
  readonly #columns: number;
  readonly #next: Uint16Array;
  /** By state: the words that end there. */
  readonly #found: number[][];
  /** By state: 1 where words end. */
  readonly #tells: Uint8Array;

  constructor(words: string[]) {
    const octets = words.map(w => Buffer.from(w.toLowerCase()));
    let columns = 1;
    for (const word of octets) for (const octet of word) this.#column[octet] ||= columns++;
    for (let capital = 0x41; capital <= 0x5a; capital++) this.#column[capital] = this.#column[capital + 0x20]!;
    this.#columns = columns;
    const states = 1 + octets.reduce((sum, word) => sum + word.length, 0);
    this.#next = new Uint16Array(states * columns);
    this.#found = Array.from({ length: states }, () => []);
    octets.forEach((word, index) => void this.#found[this.#path(word)]!.push(index));
    this.#fallBack();
    this.#tells = Uint8Array.from(this.#found, some => (some.length > 0 ? 1 : 0));
  }

  #states = 1;

  /** The state at the end of the word; made where it is not there. */
  #path(word: Buffer): number {
    let state = 0;
    for (const octet of word) {
      const at = state * this.#columns + this.#column[octet]!;
      if (this.#next[at] === 0) this.#next[at] = this.#states++;
      state = this.#next[at]!;
    }
    return state;
  }

  /** Where no word goes on, the longest end of what was read that begins another word does. Shortest states first. */
  #fallBack(): void {
    const columns = this.#columns;
    const next = this.#next;
    const back = new Uint16Array(this.#states);
    const row: number[] = [];
    for (let column = 0; column < columns; column++) if (next[column] !== 0) row.push(next[column]!);
    for (let head = 0; head < row.length; head++) {
      const state = row[head]!;
      this.#found[state]!.push(...this.#found[back[state]!]!);
      for (let column = 0; column < columns; column++) {
        const at = state * columns + column;
        const other = next[back[state]! * columns + column]!;
        if (next[at] === 0) next[at] = other;
        else {
          back[next[at]!] = other;
          row.push(next[at]!);
        }
      }
    }
  }

  start(): SearchRun {
    const column = this.#column;
    const columns = this.#columns;
    const next = this.#next;
    const found = this.#found;
    // A state tells of its words once, so that text full of them costs no more than other text.
    const telling = this.#tells.slice();
    let state = 0;
    return {
      push(bytes, tell) {
        let now = state;
        for (let at = 0; at < bytes.length; at++) {
          now = next[now * columns + column[bytes[at]!]!]!;
          if (telling[now] === 0) continue;
          telling[now] = 0;
          for (const word of found[now]!) tell(word, at + 1);
        }
        state = now;
      },
      pause() {
        state = 0;
      },
    };
  }
}

export type SearchRun = {
  /** `tell` gets the number of a word, and the place in `bytes` behind its end; of each word at least once. */
  push(bytes: Buffer, tell: (word: number, end: number) => void): void;
  /** What comes next stands apart from what came before. */
  pause(): void;
};
