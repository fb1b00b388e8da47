// The page of a running gateway: reads REST v1 every second and draws. Everything that comes from the server goes in as text, never as markup.
'use strict';

const $ = id => document.getElementById(id);
const svgSpace = 'http://www.w3.org/2000/svg';
const trained = ['expert', 'router', 'twin', 'autoencoder', 'classifier'];
const traces = new Map();      // job key -> {steps, losses, at}
const cards = new Map();       // job key -> elements
let chosen = new URLSearchParams(location.search).get('run');
let shown = null;
let reportFor = null;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function drawn(name, attributes, text) {
  const node = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  if (text !== undefined) {
    node.textContent = text;
  }
  return node;
}

async function get(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw Object.assign(new Error(body.title ?? `The gateway answered ${response.status}.`), { status: response.status });
  }
  return body;
}

const number = (value, digits = 3) => value === undefined || value === null || !Number.isFinite(value) ? '–' : value.toFixed(digits);
const percent = value => value === undefined || value === null ? '–' : (100 * value).toFixed(1) + ' %';

function duration(seconds) {
  if (seconds === undefined || seconds === null) {
    return '';
  }
  const s = Math.round(seconds);
  return s < 90 ? `${s} s` : s < 5400 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s` : `${(s / 3600).toFixed(1)} h`;
}

const blob = (run, name) => `/api/v1/runs/${run}/blobs/${name.split('/').map(encodeURIComponent).join('/')}`;
const below = (run, name) => name.startsWith(`runs/${run}/`) ? name.slice(`runs/${run}/`.length) : name;

// A loss curve against its own start: the dashed line is the first value, the range is this curve's alone.
function drawCurve(svg, trace, total) {
  svg.replaceChildren();
  const width = 300, height = 92, left = 4, right = 296, top = 12, bottom = 78;
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.append(drawn('line', { class: 'axis', x1: left, x2: right, y1: bottom, y2: bottom }));
  const points = trace ? trace.steps.map((s, i) => [s, trace.losses[i]]).filter(p => Number.isFinite(p[1])) : [];
  if (points.length < 2) {
    svg.append(drawn('text', { x: left, y: height - 2 }, 'no loss yet'));
    return;
  }
  // The first tenth may spike far above what follows; the start is the mean of the first few points.
  const few = Math.max(1, Math.min(3, Math.floor(points.length / 4)));
  const mean = list => list.reduce((sum, p) => sum + p[1], 0) / list.length;
  const first = mean(points.slice(0, few));
  const last = mean(points.slice(-few));
  const low = Math.min(...points.map(p => p[1]));
  const high = Math.max(first, ...points.slice(few).map(p => p[1]));
  const end = Math.max(total || 0, points[points.length - 1][0], 1);
  const x = step => left + (right - left) * step / end;
  const y = loss => bottom - (bottom - top) * Math.min(1, Math.max(0, (loss - low) / Math.max(high - low, 1e-9)));
  const path = points.map((p, i) => `${i ? 'L' : 'M'}${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join('');
  svg.append(
    drawn('line', { class: 'start', x1: left, x2: right, y1: y(first), y2: y(first) }),
    drawn('path', { class: 'area', d: `${path}L${x(points[points.length - 1][0]).toFixed(1)} ${bottom}L${x(points[0][0]).toFixed(1)} ${bottom}Z` }),
    drawn('path', { class: 'curve', d: path }),
    drawn('text', { x: left, y: height - 2 }, `start ${number(first)}`),
    drawn('text', { x: right, y: height - 2, 'text-anchor': 'end' }, `now ${number(last)}, ${(100 * (last / first - 1)).toFixed(0)} %`));
}

// Router accuracy by noise level: bars from clean (t = 0) to pure noise (t = 1).
function drawAccuracy(svg, levels) {
  svg.replaceChildren();
  svg.setAttribute('viewBox', '0 0 300 92');
  const step = 292 / levels.length;
  levels.forEach(([t, value], i) => {
    const height = 54 * Math.max(0, Math.min(1, value));
    const x = 4 + i * step;
    svg.append(
      drawn('rect', { x: x + 2, y: 72 - height, width: Math.max(1, step - 4), height, fill: 'var(--curve)', opacity: 0.75 }),
      drawn('text', { x: x + step / 2, y: 68 - height, 'text-anchor': 'middle' }, value.toFixed(2)),
      drawn('text', { x: x + step / 2, y: 84, 'text-anchor': 'middle' }, `${i ? '' : 't '}${Number(t)}`));
  });
}

function card(job, parent) {
  let found = cards.get(job.key);
  if (!found) {
    const name = element('span', { class: 'name' }, job.part ? `${job.kind} ${job.part}` : job.kind);
    const state = element('span', { class: 'badge' });
    const curve = drawn('svg', { role: 'img', 'aria-label': `loss of ${job.key}` });
    const facts = element('div', { class: 'facts' });
    const accuracy = drawn('svg', { role: 'img', 'aria-label': 'accuracy by noise level' });
    const picture = element('img', { alt: `newest preview of ${job.key}`, hidden: '' });
    const box = element('article', { class: 'card' }, element('header', {}, name, state), curve, facts, accuracy, picture);
    accuracy.style.display = 'none';
    parent.append(box);
    found = { box, state, curve, facts, accuracy, picture, preview: '' };
    cards.set(job.key, found);
  }
  return found;
}

function updateCard(run, job, parent) {
  const c = card(job, parent);
  c.state.textContent = job.state;
  c.state.className = `badge ${job.state}`;
  const place = job.silo ? `${job.silo} / ${job.slot ?? '?'}` : job.queuePosition ? `place ${job.queuePosition} in the queue` : '';
  const facts = [
    job.total ? `step ${job.step} of ${job.total}` : '',
    job.rate > 0 && job.state === 'running' ? `${job.rate.toFixed(job.rate < 10 ? 1 : 0)} ${job.unit ?? ''}/s` : '',
    job.state === 'running' && job.secondsLeft ? `${duration(job.secondsLeft)} left` : '',
    job.state === 'completed' && job.seconds ? duration(job.seconds) : '',
    place,
    job.epoch > 1 ? `epoch ${job.epoch}` : '',
    job.queuePosition ? '' : job.message ?? '',
  ];
  c.facts.textContent = facts.filter(Boolean).join(' · ');
  drawCurve(c.curve, traces.get(job.key), job.total);
  const levels = Object.entries(job.metrics ?? {})
    .filter(([name]) => name.startsWith('accuracy.t'))
    .map(([name, value]) => [name.slice('accuracy.t'.length), value])
    .sort((a, b) => a[0] - b[0]);
  if (levels.length) {
    c.accuracy.style.display = '';
    drawAccuracy(c.accuracy, levels);
  }
  if (job.preview && job.preview !== c.preview) {
    c.preview = job.preview;
    c.picture.src = blob(run, below(run, job.preview));
    c.picture.hidden = false;
  }
}

function table(target, head, rows) {
  target.replaceChildren(
    element('thead', {}, element('tr', {}, ...head.map(text => element('th', {}, text)))),
    element('tbody', {}, ...rows.map(row => element('tr', {}, ...row.map(cell => element('td', {}, cell))))));
}

function pictures(target, section, run, list) {
  const names = list.map(p => p.name).join('\n');
  section.hidden = list.length === 0;
  if (target.dataset.names === names) {
    return;
  }
  target.dataset.names = names;
  target.replaceChildren(...list.map(p => element('figure', {},
    element('img', { src: blob(run, p.name), alt: p.caption, loading: 'lazy' }),
    element('figcaption', {}, p.caption))));
}

function phases(view) {
  $('phases').replaceChildren(...view.phases.map(p => {
    const fill = element('i');
    fill.style.width = `${(100 * p.fraction).toFixed(1)}%`;
    const detail = p.completed === p.jobs ? 'done'
      : p.running ? [p.jobs > 1 ? `${p.completed} of ${p.jobs}` : '', p.rate > 0 ? `${p.rate.toFixed(0)} ${p.unit ?? ''}/s` : '', p.secondsLeft ? `${duration(p.secondsLeft)} left` : ''].filter(Boolean).join(' · ')
      : p.failed ? `${p.failed} failed` : 'waits';
    return element('li', {}, element('strong', {}, p.kind), element('div', { class: 'bar' }, fill), element('span', { class: 'muted' }, detail));
  }));
}

async function refreshTraces(run, jobs) {
  for (const job of jobs.filter(j => trained.includes(j.kind))) {
    const known = traces.get(job.key);
    if (known && (known.final || known.step === job.step)) {
      continue;
    }
    const path = job.part ? `${job.kind}/${job.part}` : job.kind;
    try {
      const trace = await get(`/api/v1/runs/${run}/jobs/${path}/trace?points=200`);
      traces.set(job.key, { steps: trace.steps, losses: trace.losses, step: job.step, final: job.state === 'completed' });
    } catch (e) {
      if (e.status === undefined) {
        throw e;
      }
    }
  }
}

async function refreshReport(run, view) {
  const done = view.jobs.filter(j => j.kind === 'evaluate' && j.state === 'completed').length;
  const key = `${run}:${done}:${view.state}`;
  if (done === 0) {
    $('results-section').hidden = true;
    return;
  }
  if (reportFor === key) {
    return;
  }
  const report = await get(`/api/v1/runs/${run}/report`);
  reportFor = key;
  $('results-section').hidden = false;
  $('distance').textContent = `${report.distance}: ${report.images} images against ${report.reference} of the training set; lower is better.`;
  table($('results'),
    ['strategy', 'distance', 'smallest class share', 'classes ≥ 3 %', 'experts a step', 'samples/s', 'router s'],
    [...report.strategies.map(r => [r.strategy, number(r.distance, 1), r.classShares.length ? percent(r.minClassShare) : '–',
      r.classShares.length ? `${r.coveredClasses} of ${r.classShares.length}` : '–', number(r.expertsPerStep, 1), number(r.samplesPerSecond, 1), number(r.routerSeconds, 1)]),
    [`real, ${report.realImages} held-out`, number(report.realDistance, 1), '', '', '', '', '']]);
  $('findings').replaceChildren(...report.findings.map(f => element('li', {}, f)));
}

function show(view) {
  if (shown !== view.run) {
    shown = view.run;
    traces.clear();
    cards.clear();
    reportFor = null;
    $('experts').replaceChildren();
    $('models').replaceChildren();
  }
  document.title = `Paris · ${view.run}`;
  $('state').textContent = view.state;
  $('state').className = `badge ${view.state}`;
  $('phase').textContent = [view.phase, view.message, duration(view.seconds)].filter(Boolean).join(' · ');
  phases(view);
  const experts = view.jobs.filter(j => j.kind === 'expert');
  const models = view.jobs.filter(j => trained.includes(j.kind) && j.kind !== 'expert');
  $('experts-section').hidden = experts.length === 0;
  $('models-section').hidden = models.length === 0;
  experts.forEach(j => updateCard(view.run, j, $('experts')));
  models.forEach(j => updateCard(view.run, j, $('models')));
  table($('jobs'), ['job', 'state', 'step', 'rate', 'loss', 'silo', 'slot', 'epoch', 'restarts', ''], view.jobs.map(j => [
    j.key, j.state, j.total ? `${j.step} / ${j.total}` : '', j.rate > 0 ? `${j.rate.toFixed(1)} ${j.unit ?? ''}/s` : '', number(j.loss), j.silo ?? '', j.slot ?? '',
    String(j.epoch), String(j.retries), j.message ?? '']));
}

async function showCluster() {
  const cluster = await get('/api/v1/cluster');
  const silos = cluster.silos.length;
  $('cluster').textContent = `${silos} ${silos === 1 ? 'silo' : 'silos'} · ${cluster.busy} of ${cluster.slots} slots busy · ${cluster.queue.length} queued`;
  table($('slots'), ['silo', 'slot', 'device', 'memory', 'job', 'rate', 'deletion cost of the silo'], cluster.silos.flatMap(s => s.slots.map(x => [
    s.draining ? `${s.name} (drains)` : s.name, x.slot, x.model ?? x.device, x.memoryBytes > 0 ? `${(x.memoryBytes / 2 ** 30).toFixed(1)} GiB` : '', x.job ?? 'free',
    x.rate > 0 ? `${x.rate.toFixed(1)} samples/s` : '', String(s.deletionCost)])));
}

async function refresh() {
  const runs = await get('/api/v1/runs');
  const select = $('runs');
  const names = runs.map(r => r.run).join('\n');
  if (select.dataset.names !== names) {
    select.dataset.names = names;
    select.replaceChildren(...runs.map(r => element('option', { value: r.run }, r.run)));
  }
  await showCluster();
  if (runs.length === 0) {
    $('phase').textContent = 'No run yet: paris demo, or paris train -f run.yaml';
    return;
  }
  const run = runs.some(r => r.run === chosen) ? chosen : (runs.find(r => r.state === 'running') ?? runs[0]).run;
  select.value = run;
  const view = await get(`/api/v1/runs/${run}`);
  await refreshTraces(run, view.jobs);
  show(view);
  const all = await get(`/api/v1/runs/${run}/pictures`);
  pictures($('grids'), { set hidden(_) { } }, run, all.filter(p => p.kind === 'grid'));
  pictures($('sheets'), $('sheets-section'), run, all.filter(p => p.kind === 'sheet'));
  pictures($('samples'), $('samples-section'), run, all.filter(p => p.kind === 'samples'));
  pictures($('others'), $('others-section'), run, all.filter(p => p.kind === 'other'));
  await refreshReport(run, view);
}

async function loop() {
  try {
    await refresh();
    $('notice').hidden = true;
  } catch (e) {
    $('notice').hidden = false;
    $('notice').textContent = e.status ? e.message : 'The gateway does not answer; what you see is the last it said.';
  }
  setTimeout(loop, document.hidden ? 5000 : 1000);
}

$('runs').addEventListener('change', () => {
  chosen = $('runs').value;
  history.replaceState(null, '', `?run=${encodeURIComponent(chosen)}`);
});
loop();
