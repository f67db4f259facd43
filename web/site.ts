/**
 * What every handler is given: the house's rooms it may use, and what is known of the request.
 * Nothing here is global, so a test builds a site of its own.
 */
import type { Context } from 'hono';
import type { Settings } from '../daemon/config.ts';
import type { Log } from '../daemon/log.ts';
import type { Submission, SubmissionResult } from '../daemon/smtp-client.ts';
import type { Account, Session, Store } from '../daemon/store.ts';
import type { AuthVerbs, ForwardVerbs, QueueVerbs, SenderVerbs, Tell } from '../daemon/tell.ts';
import type { Parcel, Posted } from '../daemon/wire/post.ts';
import type { Vapid } from '../daemon/wire/web-push.ts';
import { listWidthOf } from '../views/divider.ts';
import { plainLook } from '../views/screen.ts';
import type { Words } from '../views/words.ts';
import type { Acts } from './acts.ts';
import type { Assets } from './assets.ts';
import { hereOf } from './base.ts';
import { cookieOf, hasScript } from './cookie.ts';
import type { Excerpts } from './excerpts.ts';

/** Hands a message to the daemon as the service `webmail`, acting for the account. One reply per recipient. */
export type Submit = (account: Account, submission: Submission) => Promise<SubmissionResult>;

/** One POST to an address a stranger wrote, behind all guards; not at all while we may not go out. */
export type Post = (url: string, form: string | Parcel) => Promise<Posted | { kind: 'off line' }>;

export type Site = {
  settings: Settings;
  store: Store;
  tell: Tell;
  submit: Submit;
  post: Post;
  /** Our word to push services for who we are. */
  vapid: Vapid;
  now: () => number;
  log: Log;
  /** So many random octets as base64url. */
  random: (octets: number) => string;
  assets: Assets;
  acts: Acts;
  excerpts: Excerpts;
  /** A letter's form once more, for who has signed in meanwhile; paths are as at the root of a host. */
  again: (request: Request, env: Env['Bindings']) => Promise<Response>;
};

/** The part of node's request that is looked at; absent when a test calls the app without a socket. */
type Incoming = { socket: { remoteAddress?: string; encrypted?: boolean } };

export type Env = {
  Bindings: {
    incoming?: Incoming;
    /** It came by the socket for CGI: the web server before us says who asks, and how. */
    cgi?: boolean;
  };
  Variables: {
    words: Words;
    /** Address of the client, as far as it can be trusted. */
    peer: string;
    /** Nobody between the client and us can read along. */
    private: boolean;
    account: Account;
    session: Session;
  };
};

export type Ctx = Context<Env>;

type Asked = AuthVerbs & SenderVerbs & ForwardVerbs & QueueVerbs;

/** The one place where an answer of the daemon gets its type back. */
export async function askDaemon<V extends keyof Asked>(
  site: Site,
  verb: V,
  args: Asked[V]['args'],
): Promise<Asked[V]['answer']> {
  return (await site.tell.ask('daemon', verb, args)) as Asked[V]['answer'];
}

export const doorOf = (site: Site, c: Ctx) => ({
  w: c.var.words,
  asset: site.assets.path,
  base: site.settings.base_path,
  look: c.var.account ?? plainLook,
  scripted: hasScript(c),
  listWidth: listWidthOf(cookieOf(c, 'list')),
  here: hereOf(c),
});
