/** A browser without script: cookies, forms, redirects not followed. */
export type Site = {
  get(path: string): Promise<{ status: number; text: string; headers: Headers }>;
  post(path: string, form: Record<string, string>): Promise<{ status: number; text: string; headers: Headers }>;
  /** As browsers send a form that may have files. */
  postMultipart(
    path: string,
    form: Record<string, string | File>,
  ): Promise<{ status: number; text: string; headers: Headers }>;
};

export function visit(origin: string): Site {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit) => {
    const cookie = [...cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const response = await fetch(new URL(path, origin), {
      redirect: 'manual',
      ...init,
      headers: { cookie, origin, ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return {
    get: path => ask(path, {}),
    post: (path, form) =>
      ask(path, {
        method: 'POST',
        body: new URLSearchParams(form).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    postMultipart(path, form) {
      const body = new FormData();
      for (const [name, value] of Object.entries(form)) body.append(name, value);
      return ask(path, { method: 'POST', body });
    },
  };
}

export async function signIn(origin: string, username: string, password: string): Promise<Site> {
  const site = visit(origin);
  const { status, text } = await site.post('/login', { username, password });
  if (status !== 303) throw new Error(`sign-in answered ${status}: ${text.slice(0, 500)}`);
  return site;
}

const decoded = (html: string) =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** What a browser would send of this page's compose form, unchanged. */
export function formOf(html: string): Record<string, string> {
  const form: Record<string, string> = {};
  for (const [tag] of html.slice(html.indexOf('class="compose-form"')).matchAll(/<input[^>]*>/g)) {
    const name = / name="([^"]*)"/.exec(tag)?.[1];
    const isOff = /type="(?:checkbox|radio)"/.test(tag) && !/ checked\b/.test(tag);
    if (name && !isOff && !/type="file"/.test(tag)) form[name] = decoded(/ value="([^"]*)"/.exec(tag)?.[1] ?? '');
  }
  form.text = decoded(/<textarea[^>]*>\n?([^<]*)<\/textarea>/.exec(html)?.[1] ?? '');
  return form;
}
