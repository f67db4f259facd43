/** What a mail program must be told: servers, ports and user name, to type in where the program does not find them. */
import { html } from 'hono/html';
import type { AccountForm, MailDoors, MailPort } from './account.ts';
import type { Screen } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html } from './words.ts';

/** `isFound`: programs are told all of it by the site (web/autoconfig.ts). */
type Shown = MailDoors & Pick<AccountForm, 'appPasswords'> & { isFound: boolean };

export function mailProgramsPage(s: Screen, { host, pop, submission, appPasswords, isFound }: Shown): Html {
  const { t, h } = s.w;
  const link = html`<a href="/settings/app-passwords">${t('apps.title')}</a>`;
  const server = (title: string, { port, security }: MailPort) => html`<h2>${title}</h2>
<dl class="facts"><dt>${t('programs.server')}</dt><dd><bdi>${host}</bdi></dd><dt>${t('programs.port')}</dt><dd>${String(port)}</dd><dt>${t('programs.security')}</dt><dd><bdi>${security}</bdi></dd></dl>
`;
  return html`<section class="page">${backToSettings(s)}
<h1>${t('programs.title')}</h1>
<p>${t(isFound ? 'programs.body' : 'programs.typed')}</p>
<dl class="facts"><dt>${t('apps.username')}</dt><dd><bdi>${s.account.address}</bdi></dd><dt>${t('login.password')}</dt><dd>${appPasswords === 'needed' ? t('programs.password.app') : t('programs.password')}</dd></dl>
<p>${h('programs.apps', { link })}</p>
${pop.port > 0 ? server(t('account.pop'), pop) : ''}${submission.port > 0 ? server(t('account.smtp'), submission) : ''}<p class="hint">${t('programs.keep')}</p>
</section>`;
}
