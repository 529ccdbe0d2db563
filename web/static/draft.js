// Keeps what is typed on the server, a moment after the last key. Files are not kept; conversion is waited for.
for (const form of document.querySelectorAll('form[data-draft]')) keep(form);

function keep(form) {
  const said = form.querySelector('[data-saved]'), pause = 1500, retry = 15000;
  let waiting = 0, composing = false, dirty = false;

  const typed = () => {
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return new URLSearchParams(data);
  };
  const later = delay => { clearTimeout(waiting); waiting = setTimeout(save, delay); };
  const say = text => { said.querySelector('span').textContent = text; };

  async function save() {
    if (composing) return later(pause);
    dirty = false;
    try {
      const answer = await fetch(form.dataset.draft, { method: 'POST', body: typed(), redirect: 'manual' });
      if (answer.ok) return say(new Date().toLocaleTimeString('ja-JP', { hour: 'numeric', minute: '2-digit', timeZone: 'Asia/Tokyo' }) + '　' + said.dataset.kept);
      say(answer.type === 'opaqueredirect' ? said.dataset.out : said.dataset.lost);
    } catch {
      say(said.dataset.lost);
    }
    dirty = true;
    later(retry);
  }

  form.addEventListener('input', () => { dirty = true; later(pause); });
  form.addEventListener('compositionstart', () => { composing = true; });
  form.addEventListener('compositionend', () => { composing = false; });
  form.addEventListener('submit', () => { clearTimeout(waiting); dirty = false; });
  addEventListener('pagehide', () => { if (dirty) navigator.sendBeacon(form.dataset.draft, typed()); });
}
