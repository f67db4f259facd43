/** The second half of a sign-in: the code that is asked for behind the password. */
import { html } from 'hono/html';
import { field } from './field.ts';
import { type Door, documentOf, doorBody } from './layout.ts';
import { type LoginForm, typedFields } from './login.ts';
import type { Html } from './words.ts';

export type CodeForm = Pick<LoginForm, 'next' | 'error' | 'typed'> & {
  /** A recovery code is asked for in place of one from the app. */
  recovery: boolean;
};

export function codePage(d: Door, f: CodeForm): Html {
  const t = d.w.t;
  return documentOf(
    d,
    t('app.title', { page: t('login.code.title'), name: t('app.name') }),
    doorBody(
      d,
      html`<h1>${t('login.code.title')}</h1>
<form class="stack" method="post" action="/login/code"${f.typed ? html` enctype="multipart/form-data"` : ''}>
${f.typed ? typedFields(f.typed) : ''}<input type="hidden" name="next" value="${f.next}">
${f.recovery ? recoveryField(d, f.error) : appField(d, f.error)}
<label class="check"><input type="checkbox" name="trust" value="1"><span>${t('login.code.trust')}<small>${t('login.code.trust.hint')}</small></span></label>
<button class="button primary wide" type="submit">${t('login.submit')}</button>
</form>
<p class="door-other">${f.recovery ? '' : leads(f, '/login/code?recovery', t('login.code.recovery.use'))}${f.recovery ? leads(f, '/login/code', t('login.code.app.use')) : ''}</p>
<p class="door-other"><a href="/login">${t('login.code.other')}</a></p>`,
      f.typed === null,
    ),
  );
}

/** A letter that goes along is in the form: who has no phone at hand gives the recovery code in this very field. */
function leads({ next, typed }: CodeForm, path: string, text: string): Html {
  const goal = `${path}${path.includes('?') ? '&' : '?'}next=${encodeURIComponent(next)}`;
  return typed ? html`` : html`<a href="${goal}">${text}</a>`;
}

const appField = ({ w: { t } }: Door, error: string): Html =>
  field({
    ...{ name: 'code', ltr: true, label: t('login.code'), hint: t('login.code.hint'), error, required: true },
    ...{ autocomplete: 'one-time-code', maxlength: 40, autofocus: true, more: plain('numeric') },
  });

const recoveryField = ({ w: { t } }: Door, error: string): Html =>
  field({
    ...{ name: 'code', ltr: true, label: t('login.code.recovery'), hint: t('login.code.recovery.hint'), error },
    ...{ required: true, autocomplete: 'off', maxlength: 40, autofocus: true, more: plain('text') },
  });

const plain = (mode: 'numeric' | 'text'): Html => html` inputmode="${mode}" autocapitalize="none" spellcheck="false"`;
