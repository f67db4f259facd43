/**
 * Shows what a push service brings, and says so when there is no way to the site. It keeps that one page and how it
 * looks, never mail: what the server answers goes through untouched.
 */
const kept = 'offline-1';
const page = new URL('offline', self.registration.scope).href;

self.addEventListener('install', event => event.waitUntil(keepPage().then(() => self.skipWaiting())));
self.addEventListener('activate', event => event.waitUntil(forgetOthers().then(() => self.clients.claim())));

async function keepPage() {
  const cache = await caches.open(kept);
  const answer = await fetch(page, { cache: 'reload' });
  const sheets = [...(await answer.clone().text()).matchAll(/<link rel="stylesheet" href="([^"]+)"/g)];
  await cache.put(page, answer);
  await cache.addAll(sheets.map(([, href]) => href));
}

async function forgetOthers() {
  for (const name of await caches.keys()) if (name !== kept) await caches.delete(name);
}

self.addEventListener('fetch', event => {
  const { mode, destination } = event.request;
  if (mode === 'navigate') event.respondWith(fetch(event.request).catch(() => caches.match(page)));
  else if (destination === 'style')
    event.respondWith(
      fetch(event.request).catch(() => caches.match(event.request).then(known => known ?? Response.error())),
    );
});

self.addEventListener('push', event => {
  const { title, url, ...rest } = event.data.json();
  const icon = new URL('icon-192.png', self.registration.scope).href;
  event.waitUntil(self.registration.showNotification(title, { ...rest, icon, badge: icon, data: { url } }));
});

self.addEventListener('notificationclick', event => {
  event.notification.close();
  event.waitUntil(show(event.notification.data.url));
});

/** A window of the site that is open shows it; else a new one. */
async function show(url) {
  const [open] = await self.clients.matchAll({ type: 'window' });
  if (!open) return self.clients.openWindow(url);
  await open.navigate(url);
  return open.focus();
}
