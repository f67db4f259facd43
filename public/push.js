/** Asks the browser for a push subscription, and fills the form with it; the server keeps it. */
for (const form of document.querySelectorAll('form[data-push]')) {
  const wrong = form.querySelector('[data-wrong]');
  const say = text => {
    wrong.textContent = text;
    wrong.hidden = text === '';
  };
  const base64url = buffer =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');

  /** One made with another key of ours is of no use. */
  async function subscribe() {
    const { href } = document.querySelector('link[rel=manifest]');
    const worker = await navigator.serviceWorker.register(new URL('worker.js', href));
    await navigator.serviceWorker.ready;
    const old = await worker.pushManager.getSubscription();
    if (old && base64url(old.options.applicationServerKey) !== form.dataset.push) await old.unsubscribe();
    return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.push });
  }

  form.addEventListener('submit', async event => {
    if (form.elements.endpoint.value !== '') return;
    event.preventDefault();
    say('');
    if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window))
      return say(form.dataset.unknown);
    if ((await Notification.requestPermission()) !== 'granted') return say(form.dataset.denied);
    try {
      const subscription = await subscribe();
      form.elements.endpoint.value = subscription.endpoint;
      form.elements.p256dh.value = base64url(subscription.getKey('p256dh'));
      form.elements.auth.value = base64url(subscription.getKey('auth'));
      form.requestSubmit();
    } catch {
      say(form.dataset.failed);
    }
  });
}
