'use strict';
const $ = (id) => document.getElementById(id);
const esc = (text) => String(text ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const state = {account: '', label: 'INBOX', id: '', rows: [], position: 0, offset: 0, labels: []};
const NAMES = {INBOX: 'Inbox', STARRED: 'Starred', IMPORTANT: 'Important', SENT: 'Sent', DRAFT: 'Drafts', SPAM: 'Spam',
  TRASH: 'Bin', UNREAD: 'Unread', ALL: 'All mail', CATEGORY_PERSONAL: 'Personal', CATEGORY_SOCIAL: 'Social',
  CATEGORY_PROMOTIONS: 'Promotions', CATEGORY_UPDATES: 'Updates', CATEGORY_FORUMS: 'Forums'};
const SHOWN = ['INBOX', 'UNREAD', 'STARRED', 'IMPORTANT', 'SENT', 'DRAFT', 'ALL', 'SPAM', 'TRASH'];

async function api(name, data) {
  const options = data === undefined ? {} : {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(data)};
  const reply = await fetch('/_sandbox/' + name, options);
  const answer = await reply.json();
  if (!reply.ok) { toast(answer.error); throw new Error(answer.error); }
  return answer;
}
let timer;
function toast(text) {
  $('toast').textContent = text; $('toast').classList.add('show');
  clearTimeout(timer); timer = setTimeout(() => $('toast').classList.remove('show'), 2600);
}
const query = (values) => new URLSearchParams(values).toString();
const act = async (name, data, text) => { await api(name, {account: state.account, ...data}); if (text) toast(text); };
const nameOf = (id) => NAMES[id] || (state.labels.find((l) => l.id === id) || {name: id}).name;
const plainName = (from) => (from || '(nobody)').replace(/\s*<[^>]*>\s*$/, '').replace(/^"|"$/g, '') || from;

function when(seconds) {
  const now = new Date(Date.now() + state.offset), then = new Date(seconds * 1000), age = now - then;
  if (age < 864e5 && now.getDate() === then.getDate()) return then.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  return then.toLocaleDateString([], age < 300 * 864e5 ? {day: 'numeric', month: 'short'} : {day: 'numeric', month: 'short', year: '2-digit'});
}

async function loadState() {
  const s = await api('state');
  state.offset = s.now * 1000 - Date.now();
  if (!s.accounts.some((a) => a.email === state.account)) state.account = (s.accounts[0] || {email: ''}).email;
  $('account').innerHTML = s.accounts.map((a) => `<option value="${esc(a.email)}">${esc(a.email)}</option>`).join('');
  $('account').value = state.account;
  $('scenarios').innerHTML = s.scenarios.map((n) => `<option>${esc(n)}</option>`).join('');
  if (!$('names').options.length) $('names').innerHTML = s.fault_names.map((n) => `<option>${esc(n)}</option>`).join('');
  $('profile').value = s.quota;
  showPlan(s.faults);
}

function showPlan(faults) {
  $('planned').textContent = faults.length ? ` ${faults.length}` : '';
  $('plan').innerHTML = faults.map((f) => `<p><span class="chip mono">${esc(f.face)}:${esc(f.call)} → ${esc(f.fault)} ×${f.times ?? '∞'}
    ${f.skip ? 'after ' + f.skip : ''}<button data-strike="${f.id}" title="Strike">✕</button></span></p>`).join('')
    || '<p class="pill">Nothing planned: the provider behaves.</p>';
}

function showLabels(account) {
  state.labels = account.labels;
  const line = (l) => `<a data-label="${esc(l.id)}" class="${l.id === state.label ? 'on' : ''}" title="${esc(l.name)}">
    <span style="padding-left:${(l.depth || 0) * .8}rem">${esc(l.short || NAMES[l.id] || l.name)}</span>
    ${l.unread && l.id !== 'UNREAD' ? `<b>${l.unread}</b>` : `<i>${l.total || ''}</i>`}</a>`;
  const all = {id: 'ALL', name: 'All mail', total: account.messages};
  const system = SHOWN.map((id) => id === 'ALL' ? all : account.labels.find((l) => l.id === id));
  const user = account.labels.filter((l) => l.type === 'user').sort((a, b) => a.name.localeCompare(b.name))
    .map((l, _, every) => {
      const above = every.filter((o) => l.name.startsWith(o.name + '/')).sort((a, b) => b.name.length - a.name.length);
      return {...l, depth: above.length, short: above.length ? l.name.slice(above[0].name.length + 1) : l.name};
    });
  $('labels').innerHTML = system.map(line).join('') + (user.length ? '<h2>Labels</h2>' : '') + user.map(line).join('');
}

async function loadList() {
  if (!state.account) { $('list').innerHTML = '<p class="empty">No account yet. Create one under “Deliver a mail”.</p>'; return; }
  const data = await api('messages?' + query({account: state.account, label: state.label, q: $('q').value, limit: 150}));
  const before = new Set(state.rows.map((r) => r.id)), fresh = state.rows.length > 0;
  state.rows = data.messages; state.position = data.account.history_id;
  $('watched').textContent = data.account.watches.some((w) => w.expires * 1000 > Date.now() + state.offset) ? ' on' : '';
  showLabels(data.account);
  $('title').textContent = $('q').value ? 'Search' : nameOf(state.label);
  $('count').textContent = data.messages.length === 150 ? 'newest 150' : `${data.messages.length} messages`;
  $('position').textContent = 'history ' + state.position;
  $('list').innerHTML = data.messages.map((m) => `<div class="row ${m.labels.includes('UNREAD') ? 'unread' : ''}
    ${m.id === state.id ? 'on' : ''} ${fresh && !before.has(m.id) ? 'new' : ''}" data-id="${m.id}" tabindex="0">
    <button class="star ${m.labels.includes('STARRED') ? 'on' : ''}" title="Star">★</button>
    <span class="who">${esc(plainName(m.from))}</span><time>${when(m.date)}</time>
    <span class="sub">${esc(m.subject || '(no subject)')}</span><span class="snip">${m.snippet}</span></div>`).join('')
    || '<p class="empty">Nothing here. Deliver a mail, or choose another label.</p>';
}

async function open(id) {
  state.id = id;
  document.querySelectorAll('.row').forEach((r) => r.classList.toggle('on', r.dataset.id === id));
  const m = await api('message?' + query({account: state.account, id}));
  const unread = m.labels.includes('UNREAD'), binned = m.labels.includes('TRASH');
  const free = state.labels.filter((l) => !m.labels.includes(l.id) && !['SENT', 'DRAFT', 'CHAT', 'TRASH'].includes(l.id));
  $('view').innerHTML = `<div class="tools"><button data-do="read">${unread ? 'Mark read' : 'Mark unread'}</button>
    <button data-do="star">${m.labels.includes('STARRED') ? 'Unstar' : 'Star'}</button>
    <button data-do="archive" ${m.labels.includes('INBOX') ? '' : 'disabled'}>Archive</button>
    <select data-move aria-label="Add label"><option value="">Add label…</option>${free.map((l) => `<option value="${esc(l.id)}">${esc(nameOf(l.id))}</option>`).join('')}</select>
    <button data-do="trash">${binned ? 'Restore' : 'Bin'}</button><button data-do="delete" class="danger">Delete for good</button>
    <a download="${m.id}.eml" href="data:message/rfc822;base64,${m.raw}"><button>Source</button></a></div>
    <article><h2>${esc(m.subject || '(no subject)')}</h2><div class="chips">${m.labels.map((l) => `<span class="chip">${esc(nameOf(l))}
    ${['SENT', 'DRAFT', 'TRASH'].includes(l) ? '' : `<button data-drop="${esc(l)}" title="Remove">✕</button>`}</span>`).join('')}</div>
    <dl><dt>From</dt><dd>${esc(m.from)}</dd><dt>To</dt><dd>${esc(m.to)}</dd><dt>Date</dt><dd>${esc(new Date(m.date * 1000).toUTCString())}</dd>
    <dt>Id</dt><dd class="mono">${m.id} · thread ${m.thread_id} · history ${m.history_id}</dd>
    <dt>Size</dt><dd>${m.size.toLocaleString()} bytes <span class="mono">sha256 ${m.sha256.slice(0, 16)}…</span></dd>
    ${m.files.map((f) => `<dt>File</dt><dd>${esc(f.name)} <small>${esc(f.type)}, ${f.size.toLocaleString()} bytes</small></dd>`).join('')}</dl>
    <pre>${esc(m.text) || m.snippet || '<i>No text part.</i>'}</pre></article>`;
  $('view').dataset.labels = m.labels.join(' ');
}
function closeView() { state.id = ''; $('view').innerHTML = '<p class="empty">Choose a message.<br>What you do here happens at the provider: a client that follows the history sees it.</p>'; }

async function refresh() { await loadList(); if (state.id) await (state.rows.some((r) => r.id === state.id) ? open(state.id) : closeView()); }

async function showQuota() {
  const u = await api('quota?' + query({user: state.account}));
  const rows = Object.entries(u.by_method).sort((a, b) => b[1].units - a[1].units);
  const limit = {v1: 15000, v2: 6000}[u.profile], minutes = Object.entries(Object.values(u.user_minutes)[0] || {}).slice(-6);
  $('ledger').innerHTML = `<h2>Totals of this account</h2><table><tr><td>Units</td><td>${u.units.toLocaleString()}</td></tr>
    <tr><td>Calls</td><td>${u.calls.toLocaleString()}</td></tr><tr><td>Refused</td><td>${u.refused}</td></tr>
    <tr><td>Messages fetched</td><td>${u.messages}</td></tr><tr><td>Units a message</td><td>${u.units_per_message ?? '–'}</td></tr>
    <tr><td>Most calls at once</td><td>${u.peak_parallel}</td></tr></table>
    ${Object.entries(u.available).map(([k, v]) => limit ? `<h2>Left now: ${esc(k)}</h2><meter min="0" max="${k.includes(' ') ? limit : 1200000}" value="${v}"></meter>${v.toLocaleString()} units` : '').join('')}
    <h2>By method</h2><table><tr><th>Method</th><th>Calls</th><th>Refused</th><th>Units</th></tr>
    ${rows.map(([n, l]) => `<tr><td class="mono">${esc(n)}</td><td>${l.calls}</td><td>${l.refused}</td><td>${l.units}</td></tr>`).join('')}</table>
    <h2>Last minutes</h2><table>${minutes.map(([m, v]) => `<tr><td>${new Date(m * 6e4).toISOString().slice(11, 16)}</td><td>${v} units</td></tr>`).join('')}</table>`;
}

async function showPush() {
  const p = await api('push'), now = Date.now() / 1000 + state.offset / 1000;
  const left = (s) => s <= now ? 'expired' : `${Math.floor((s - now) / 86400)} d ${Math.floor((s - now) % 86400 / 3600)} h left`;
  const none = '<p class="pill">None.</p>', short = (name) => esc(String(name).split('/').pop());
  const table = (rows) => `<table>${rows.map(([k, v]) => `<tr><td>${esc(k)}</td><td class="mono">${esc(v)}</td></tr>`).join('')}</table>`;
  $('pushes').innerHTML = `<h2>Watches</h2>${p.watches.map((w) => table([['Mailbox', w.account], ['Topic', w.topic],
      ['Labels', w.label_ids.join(' ') || 'all'], ['Expires', new Date(w.expires * 1000).toISOString().slice(0, 16).replace('T', ' ') + ' UTC'], ['', left(w.expires)]])).join('') || none}
    <h2>Topics</h2>${p.topics.map((t) => table([['Name', t.name], ['Published', t.published]])).join('') || none}
    <h2>Subscriptions</h2>${p.subscriptions.map((s) => table([['Name', short(s.name)], ['Delivers to', s.endpoint || 'whoever pulls'], ['Signed by', s.signer || 'nobody'],
      ['Waiting', s.backlog], ['Delivered', s.acked], ['Refused', s.refused], ['Last answer', s.last_answer || '–'], ['Rests', s.backoff ? s.backoff.toFixed(1) + ' s' : '–']])).join('') || none}
    <h2>Notifications</h2>${table([['Published', p.published], ['Dropped', p.dropped]])}`;
}

const DO = {
  read: (has) => act('modify', {id: state.id, [has('UNREAD') ? 'remove' : 'add']: ['UNREAD']}),
  star: (has) => act('modify', {id: state.id, [has('STARRED') ? 'remove' : 'add']: ['STARRED']}),
  archive: () => act('modify', {id: state.id, remove: ['INBOX']}, 'Archived'),
  trash: (has) => act('trash', {id: state.id, undo: has('TRASH')}, has('TRASH') ? 'Restored' : 'In the bin'),
  delete: async () => { await act('delete', {id: state.id}, 'Deleted for good'); closeView(); },
};
const FORMS = {
  label: (f) => act('labels', {name: f.name}, 'Label created'),
  account: async (f) => { await api('accounts', f); state.account = f.email; await loadState(); toast('Account created'); },
  scenario: async (f) => { toast('Writing…'); await act('scenario', {name: f.name, messages: Number(f.messages)}, 'Done'); },
  fault: async (f) => {
    const args = Object.fromEntries(f.args.split(/\s+/).filter(Boolean).map((p) => p.split('=')));
    await api('faults', {face: f.face, call: f.call, fault: f.fault, times: Number(f.times) || null, skip: Number(f.skip), args});
    showPlan((await api('faults')).faults); toast('Planned');
  },
};

document.addEventListener('click', async (event) => {
  const on = (selector) => event.target.closest(selector);
  let hit;
  if ((hit = on('[data-drawer]'))) {
    document.querySelectorAll('.drawer').forEach((d) => d.classList.toggle('open', d.id === hit.dataset.drawer && !d.classList.contains('open')));
    if (hit.dataset.drawer === 'quota') await showQuota();
    if (hit.dataset.drawer === 'push') await showPush();
    if (hit.dataset.drawer === 'faults') showPlan((await api('faults')).faults);
  } else if (on('[data-close]')) on('.drawer').classList.remove('open');
  else if ((hit = on('[data-label]'))) { state.label = hit.dataset.label; $('q').value = ''; state.rows = []; closeView(); await loadList(); }
  else if ((hit = on('.star'))) {
    const id = hit.closest('.row').dataset.id;
    await act('modify', {id, [hit.classList.contains('on') ? 'remove' : 'add']: ['STARRED']}); await refresh();
  } else if ((hit = on('.row'))) await open(hit.dataset.id);
  else if ((hit = on('[data-do]'))) { const labels = $('view').dataset.labels.split(' '); await DO[hit.dataset.do]((l) => labels.includes(l)); await refresh(); }
  else if ((hit = on('[data-drop]'))) { await act('modify', {id: state.id, remove: [hit.dataset.drop]}); await refresh(); }
  else if ((hit = on('[data-strike]'))) { await api('faults/clear', {id: Number(hit.dataset.strike)}); showPlan((await api('faults')).faults); }
  else if ((hit = on('[data-jump]'))) { state.offset = (await api('clock', {advance: Number(hit.dataset.jump)})).now * 1000 - Date.now(); toast('The clock is ' + hit.textContent + ' further'); }
});
document.addEventListener('change', async (event) => {
  if (event.target.matches('[data-move]') && event.target.value) { await act('modify', {id: state.id, add: [event.target.value]}); await refresh(); }
});
document.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target, fields = Object.fromEntries(new FormData(form));
  if (form.dataset.form) await FORMS[form.dataset.form](fields);
  else {
    const times = Number(fields.times) || 1; delete fields.times; if (!fields.in_reply_to) delete fields.in_reply_to;
    for (let i = 0; i < times; i += 1) await act('deliver', {...fields, subject: times > 1 ? `${fields.subject} ${i + 1}` : fields.subject});
    toast(times > 1 ? `${times} mails delivered` : 'Delivered');
  }
  await refresh();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') document.querySelectorAll('.drawer.open').forEach((d) => d.classList.remove('open'));
  if (event.key === 'Enter' && event.target.matches('.row')) open(event.target.dataset.id);
});
$('account').addEventListener('change', async () => { state.account = $('account').value; state.label = 'INBOX'; state.rows = []; closeView(); await loadList(); });
let typing;
$('q').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => { state.rows = []; loadList(); }, 250); });
$('profile').addEventListener('change', async () => { await api('quota', {profile: $('profile').value}); await showQuota(); });
$('reset').addEventListener('click', async () => { await api('quota', {reset: true}); await showQuota(); });
$('expire').addEventListener('click', () => act('history/expire', {}, 'Every cursor is too old now'));
$('jumps').innerHTML = [[60, '1 minute'], [3600, '1 hour'], [86400, '1 day'], [604800, '7 days'], [2592000, '30 days']]
  .map(([s, t]) => `<button data-jump="${s}">${t}</button>`).join('');

setInterval(() => {
  const now = new Date(Date.now() + state.offset).toISOString().replace('T', ' ');
  $('clock').textContent = now.slice(0, 16); $('bigclock').textContent = now.slice(0, 19) + ' UTC';
  if ($('quota').classList.contains('open')) showQuota();
  if ($('push').classList.contains('open')) showPush();
}, 1000);
async function follow() {
  for (;;) {
    try {
      if (!state.account) { await new Promise((r) => setTimeout(r, 1000)); continue; }
      const account = state.account;
      const data = await api('changes?' + query({account, since: state.position, timeout: 20}));
      $('dot').classList.remove('off');
      if (account === state.account && data.history_id > state.position) await refresh();
    } catch (error) { $('dot').classList.add('off'); await new Promise((r) => setTimeout(r, 2000)); }
  }
}
closeView();
loadState().then(loadList).then(follow);
