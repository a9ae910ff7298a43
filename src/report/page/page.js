/* What is chosen, and the page as a whole. */

const state = {
  filter: '',
  sort: 'state',
  down: false,
  all: false,
  marked: new Set(),
  colour: '',
  group: firstGroup,
  draw: 'mean',
  logSteps: false,
  logLoss: false,
  across: '',
  down2: '',
  quantity: 'loss'
};

/* Choices live in the address, so that they outlast a reload and can be sent to somebody. */
const remembered = [
  'filter', 'sort', 'down', 'colour', 'group', 'draw', 'logSteps', 'logLoss', 'across', 'down2',
  'quantity'
];

function rememberState() {
  const words = new URLSearchParams();
  for (const name of remembered)
    if (String(state[name]) !== String(initial[name])) words.set(name, String(state[name]));
  for (const id of state.marked) words.append('mark', id);
  const hash = '#' + words;
  if (location.hash !== hash && (location.hash || words.size || String(words)))
    history.replaceState(null, '', hash);
}

function recallState() {
  const words = new URLSearchParams(location.hash.slice(1));
  for (const name of remembered)
    if (words.has(name))
      state[name] = typeof state[name] === 'boolean' ? words.get(name) === 'true' : words.get(name);
  state.marked = new Set(words.getAll('mark'));
}

function chooseDefaults() {
  const choice = factors.find(factor => factor.swept || factor === experiments) || factors[0];
  state.colour = choice                                 ? choice.key :
      report.runs.length > 1 && report.runs.length <= 8 ? names.key :
                                                          '';
  const pair = [...sweptFactors.filter(factor => factor !== experiments), ...factors].filter(
      (factor, i, all) => all.indexOf(factor) === i);
  if (pair.length > 1) [state.across, state.down2] = [pair[0].key, pair[1].key];
}

/* --- Actions --- */

function sortBy(key) {
  state.down = state.sort === key && !state.down;
  state.sort = key;
  rememberState();
  drawTable();
}

let waiting = 0;

function setFilter(text) {
  state.filter = text;
  byId('filter').value = text;
  rememberState();
  drawTable();
  clearTimeout(waiting);
  waiting = setTimeout(drawPictures, 150);
}

function markRun(id, yes) {
  if (yes)
    state.marked.add(id);
  else
    state.marked.delete(id);
  rememberState();
  drawCurves();
}

function drawPictures() {
  drawCurves();
  drawEffects();
}

function bindSelect(id, name, choices, draw) {
  const select = byId(id);
  if (choices)
    select.replaceChildren(...choices.map(([value, label]) => element('option', {value}, label)));
  select.value = state[name];
  select.addEventListener('change', () => {
    state[name] = select.value;
    rememberState();
    draw();
  });
}

function bindCheckbox(id, name) {
  const box = byId(id);
  box.checked = state[name];
  box.addEventListener('change', () => {
    state[name] = box.checked;
    rememberState();
    drawCurves();
  });
}

function bindControls() {
  if (isMemory) byId('group-word').textContent = 'Pairs';
  const named = list => list.map(factor => [factor.key, factor.label]);
  bindSelect('colour', 'colour', named(colourChoices()), drawPictures);
  bindSelect('group', 'group', groups.map(group => [group, groupName(group)]), drawCurves);
  bindSelect('draw', 'draw', null, drawCurves);
  bindSelect('heat-across', 'across', named(factors), drawEffects);
  bindSelect('heat-down', 'down2', named(factors), drawEffects);
  bindSelect(
      'heat-quantity', 'quantity', quantities.map(quantity => [quantity.key, quantity.label]),
      drawEffects);
  bindCheckbox('log-steps', 'logSteps');
  bindCheckbox('log-loss', 'logLoss');
  byId('filter').value = state.filter;
  byId('filter').addEventListener('input', () => setFilter(byId('filter').value));
  byId('table-csv').addEventListener('click', () => downloadCsv('runs', tableRows()));
  byId('more').addEventListener('click', () => {
    state.all = true;
    drawTable();
  });
}

/* --- What was run --- */

function distinct(values) {
  return [...new Set(
      values.filter(value => value !== undefined && value !== null && value !== ''))];
}

function shortList(values, most = 12) {
  const shown = values.slice(0, most).join(', ');
  return values.length > most ? `${shown}, ... (${values.length} in all)` : shown;
}

/* Runs' values of something that most studies have only one of: "v4 (12 runs), v3 (2 runs)". */
function counted(name) {
  const counts = new Map();
  for (const run of report.runs)
    if (run[name]) counts.set(run[name], (counts.get(run[name]) || 0) + 1);
  const entries = [...counts];
  return shortList(
      entries.length === 1 ? [entries[0][0]] :
                             entries.map(([value, count]) => `${value} (${plural(count, 'run')})`));
}

function settingText(key) {
  const factor = settings.find(candidate => candidate.key === key);
  return report.shared[key] || (factor ? shortList(factor.values) : '');
}

function facts() {
  const versions = distinct(report.runs.map(
      run => run.lore_version && `${run.lore_version} (commit ${run.lore_commit})`));
  return [
    [
      'Task',
      {biographies: 'a transformer on biographies',
       memory: 'a toy associative memory on pairs'}[report.shared.task]
    ],
    ['Experiments', experiments.values.length > 1 ? shortList(experiments.values) : ''],
    ['Seeds', seeds.values.length ? shortList(seeds.values) : ''],
    ['Steps', shortList(distinct(report.runs.map(run => run.steps && String(run.steps))))],
    ['Precision', settingText('train.precision')],
    ['Trained by LORE', shortList(versions, 4)],
    ['Computers', counted('host')],
    ['Instruction set', counted('isa')],
    ['Matrix products', counted('gemm_backend')],
  ].filter(([, text]) => text);
}

function describeList(list, entries) {
  list.replaceChildren(
      ...entries.flatMap(([term, text]) => [element('dt', {}, term), element('dd', {}, text)]));
}

function simpleTable(head, rows) {
  const row = (tag, cells) => element(
      'tr', {}, ...cells.map(text => element(tag, tag === 'th' ? {scope: 'col'} : {}, text)));
  return element(
      'table', {}, element('thead', {}, row('th', head)),
      element('tbody', {}, ...rows.map(cells => row('td', cells))));
}

function drawVarying() {
  const put = (parent, list) => parent.append(simpleTable(
      ['setting that varies', 'values', 'meaning'],
      list.map(setting => [setting.key, shortList(setting.values), setting.help])));
  const swept = settings.filter(setting => setting.swept && setting.values.length > 1),
        others = settings.filter(setting => !setting.swept);
  if (swept.length)
    put(byId('varying'), swept);
  else if (others.length)
    put(byId('varying'), others);
  byId('differing').hidden = !swept.length || !others.length;
  put(byId('differing').querySelector('.scroll'), others);
}

function showText(id, text, title) {
  const details = byId(id);
  details.hidden = !text;
  if (!text) return;
  if (title) details.querySelector('summary').textContent = title;
  details.querySelector('pre').textContent = text;
}

function drawWhat() {
  describeList(byId('facts'), facts());
  drawVarying();
  showText('study-file', report.study_file, 'The study file');
  showText('overrides', report.overrides);
  const shared = Object.entries(report.shared);
  byId('shared').hidden = !shared.length;
  byId('shared').querySelector('.scroll').append(simpleTable(['setting', 'value'], shared));
}

/* --- Head and end --- */

function drawHead() {
  document.title = `${report.study} – LORE report`;
  byId('title').textContent = report.study;
  const counts =
      stateOrder.map(name => [name, report.runs.filter(run => run.state === name).length])
          .filter(pair => pair[1]);
  byId('subtitle').textContent = `${plural(report.runs.length, 'run')}: ${
      counts.map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
          .join(', ')}. Written on ${report.written.replace('T', ' at ').replace('Z', ' UTC')}.`;
  if (report.attention) {
    const text = report.attention.trim();
    byId('attention').hidden = false;
    byId('attention').className = text.startsWith('nothing') ? 'fine' : '';
    byId('attention').textContent = `${text[0].toUpperCase()}${text.slice(1)}.`;
  }
  byId('source').textContent = `Made from ${report.source} by lore report, LORE ${
                                   report.lore_version} (commit ${report.lore_commit}). ` +
      'Curves are thinned to what a screen can show, and keep their peaks; the files of the runs have all points.';
}

function drawGlossary() {
  const who = isMemory ? 'key' : 'individual';
  describeList(byId('glossary'), [
    [
      'attribute loss',
      `Cross-entropy, in nats, of a value that belongs to an ${who}${
          isMemory ? '' :
                     ' (a birth date, a university ...)'}, summed over the tokens of the value.`
          .replace('an key', 'a key')
    ],
    [
      'no-knowledge baseline',
      'The attribute loss of a model that knows which values are possible, but nothing about who has which.'
    ],
    [
      'phase',
      'statistics: before the loss has come down to the baseline; plateau: near the baseline; recall: after the plateau, when associations are learned.'
    ],
    [
      'end of the plateau',
      'The first step at which the loss is clearly below the baseline, interpolated between evaluations.'
    ],
    ['accuracy', 'Share of values whose tokens are all predicted.'],
    ...(heldOut ? [[
      'held-out',
      'Individuals that training never shows. Nothing can be known of them, so high confidence there is hallucination.'
    ]] :
                  []),
    ['range', 'From the lowest to the highest of the runs behind a mean.'],
    [
      'state',
      'done; diverged: the loss became infinite or no number; failed: the computer failed; damaged: files are missing or unreadable; interrupted or stopped: to be resumed; running; waiting.'
    ],
  ]);
}

function watch() {
  if (!report.watch) return;
  byId('watching').hidden = false;
  byId('watching').textContent =
      `Runs are still being trained. This page loads itself again every ${
          plural(report.watch, 'second')}.`;
  setTimeout(() => location.reload(), 1000 * report.watch);
}

function warnOfMissingPictures() {
  if (havePictures) return;
  const text =
      'There are no pictures, because this LORE was built without Chart.js (configure looks for Debian\'s ' +
      'libjs-chart.js or --with-chartjs=FILE). All numbers are here: the CSV buttons give those of each picture.';
  for (const id of ['curves', 'effects'])
    byId(id).querySelector('h2').after(element('p', {className: 'warning'}, text));
}

chooseDefaults();
const initial = {...state};
recallState();
drawHead();
drawWhat();
byId('table').append(makeHead());
drawStates();
bindControls();
drawTable();
warnOfMissingPictures();
drawPictures();
drawGlossary();
watch();
document.body.dataset.ready = 'yes';
