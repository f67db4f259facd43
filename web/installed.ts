/** The site as an app of its own on a device: what a browser asks to install it, and the page for when there is no way here. */
import { Hono } from 'hono';
import { offlinePage } from '../views/errors.ts';
import { type Ctx, doorOf, type Env, type Site } from './site.ts';

const icons = [
  ['icon-192.png', '192x192', 'any'],
  ['icon-512.png', '512x512', 'any'],
  ['icon-maskable-512.png', '512x512', 'maskable'],
] as const;

export function installed(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const file = (c: Ctx, name: string) => {
    const { type, plain } = site.assets.file(name);
    c.header('Cache-Control', 'no-cache');
    return c.body(new Uint8Array(plain), 200, { 'Content-Type': type });
  };

  // Addresses in it are relative to its own: so they hold below a sub-path, too.
  app.get('/manifest.webmanifest', c => {
    const { t, lang, dir } = c.var.words;
    const entry = (name: string, url: string) => ({ name, url });
    c.header('Cache-Control', 'no-cache');
    return c.json(
      {
        ...{ id: './', start_url: 'mail/inbox', scope: './', display: 'standalone' },
        ...{ name: t('app.name'), short_name: t('app.name'), description: t('app.description'), lang, dir },
        ...{ background_color: '#f6f7f7', theme_color: '#0f6674' },
        icons: icons.map(([src, sizes, purpose]) => ({ src, sizes, purpose, type: 'image/png' })),
        shortcuts: [entry(t('app.compose'), 'compose'), entry(t('app.search'), 'search')],
      },
      200,
      { 'Content-Type': 'application/manifest+json' },
    );
  });

  for (const [name] of icons) app.get(`/${name}`, c => file(c, name));
  // A worker's scope is the folder it lies in.
  app.get('/worker.js', c => file(c, 'worker.js'));
  app.get('/offline', c => c.html(offlinePage(doorOf(site, c))));
  return app;
}
