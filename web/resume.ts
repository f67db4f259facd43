/**
 * A letter sent or saved when the session had ended: its fields go through the sign-in page, hidden in its form, and
 * come back as the draft. Nothing of it is kept here meanwhile, since whoever is not signed in could fill that up.
 */
import { loginPage, plainRefusal } from '../views/login.ts';
import type { Form } from './form.ts';
import { tellOnce } from './notice.ts';
import { type Ctx, doorOf, type Site } from './site.ts';
import { readUploads } from './upload.ts';

/** `writer`: whose letter it is. A form may have more, which this page has no use for. */
const names = [
  'key',
  'draft',
  'version',
  'related',
  'relation',
  'writer',
  'from',
  'signed',
  'to',
  'cc',
  'bcc',
  'subject',
].concat(['text', 'html', 'receipt', 'important', 'remind']);

export type Typed = {
  fields: Record<string, string>;
  /** Files were chosen with it; they do not come along. */
  files: boolean;
};

const prefix = 'typed-';
/** What the text of a form may be, besides its files. */
const textOctets = 8_000_000;

/** Is this a letter's form, which would be lost by a redirect? */
export const isLetter = (c: Ctx): boolean => c.req.method === 'POST' && /^\/drafts(\/|$)/.test(c.req.path);

/** The sign-in page with what was typed in it; null: there is too much to go through a page. */
export async function signInAgain(site: Site, c: Ctx): Promise<Response | null> {
  const octets = Number(c.req.header('Content-Length') ?? Number.POSITIVE_INFINITY);
  if (!(octets <= site.settings.max_message_size * 1.5 + textOctets)) return null;
  if (!c.var.private) return c.html(plainRefusal(doorOf(site, c)), 403);
  const form = await readUploads(c, site.store, 0);
  for (const file of form.files) await file.discard();
  const fields = Object.fromEntries(names.filter(n => form.has(n)).map(n => [n, form.get(n)]));
  const typed = { fields, files: form.tooLarge || form.files.length > 0 };
  c.header('Cache-Control', 'no-store');
  const page = { username: fields.writer ?? '', next: '/mail/drafts', error: '', notice: '', signup: false, typed };
  return c.html(loginPage(doorOf(site, c), page), 401);
}

/** What a sign-in form carries along; null: nothing. */
export function typedIn(form: Form): Typed | null {
  const fields = Object.fromEntries(names.filter(n => form.has(prefix + n)).map(n => [n, form.get(prefix + n)]));
  return Object.keys(fields).length === 0 ? null : { fields, files: form.has(`${prefix}files`) };
}

/** As if the form were saved now, by who has just signed in: the answer is the draft, or says why it is not saved. */
export async function resume(site: Site, c: Ctx, typed: Typed): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries(typed.fields)) body.append(name, value);
  const cookies = c.res.headers.getSetCookie().map(cookie => cookie.slice(0, cookie.indexOf(';')));
  const headers = new Headers(c.req.raw.headers);
  for (const name of ['Content-Type', 'Content-Length', 'HX-Request', 'HX-Request-Type']) headers.delete(name);
  // The first of a name counts.
  headers.set('Cookie', [...cookies, c.req.header('Cookie') ?? ''].filter(Boolean).join('; '));
  const request = new Request(new URL('/drafts/uploads', c.req.url), { method: 'POST', body, headers });
  const answer = await site.again(request, c.env);
  tellOnce(site, c, { key: typed.files ? 'done.resumed.files' : 'done.resumed' });
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') c.header(name, value);
  return c.newResponse(answer.body, answer.status as 200);
}
