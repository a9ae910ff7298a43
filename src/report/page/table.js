/* The table of runs, and CSV files. */

const ROWS_FIRST = 100;

const settingsInTable = effectFactors;

function lastOf(run, key) {
  return run.final ? run.final[key] ?? null : null;
}

/* What a column shows and sorts by. */
const columns = [
  {key: 'state', label: 'state', of: run => stateOrder.indexOf(run.state), text: run => run.state},
  {key: 'run', label: 'run', of: run => run.id},
  {
    key: 'step',
    label: 'steps',
    number: true,
    of: run => run.steps ? stepOf(run) / run.steps : stepOf(run),
    csv: stepOf,
    text: run => run.steps ? `${stepOf(run)} of ${run.steps}` : `${stepOf(run)}`
  },
  {
    key: 'phase',
    label: 'phase',
    of: run => run.phase ?? null,
    text: run => ['–', 'statistics', 'plateau', 'recall'][run.phase || 0]
  },
  {
    key: 'plateau_end',
    label: 'plateau ends',
    unit: 'steps',
    number: true,
    of: run => run.plateau_end ?? null
  },
  {
    key: 'loss',
    label: 'loss',
    unit: 'nats',
    number: true,
    of: run => lastOf(run, `attribute_loss ${firstGroup}`)
  },
  {
    key: 'accuracy',
    label: 'accuracy',
    number: true,
    of: run => lastOf(run, `attribute_accuracy ${firstGroup}`)
  },
  ...(heldOut ? [{
    key: 'held_out_loss',
    label: 'held-out loss',
    unit: 'nats',
    number: true,
    of: run => lastOf(run, `attribute_loss ${heldOut}`)
  }] :
                []),
  {
    key: 'time',
    label: 'time',
    number: true,
    of: run => run.time ?? null,
    text: run => formatTime(run.time)
  },
  ...settingsInTable.map(
      factor => ({
        key: factor.key,
        label: factor.label,
        help: factor.help,
        number: factor.numeric,
        of: run => factor.numeric && factor.valueOf(run) !== null ? Number(factor.valueOf(run)) :
                                                                    factor.valueOf(run),
        text: run => factor.valueOf(run) || '–'
      })),
  {key: 'seed', label: 'seed', number: true, of: run => run.seed, text: run => String(run.seed)},
];

function stepOf(run) {
  return Math.max(run.step, run.last_step || 0);
}

function cellText(column, run) {
  if (column.text) return column.text(run);
  const value = column.of(run);
  return typeof value === 'string' ? value : formatNumber(value);
}

/* What the filter looks at. */
for (const run of report.runs) {
  run.words = [
    ...columns.map(column => cellText(column, run)), `seed${run.seed} state=${run.state}`,
    run.experiment, run.reason || '',
    ...settings.map(factor => `${factor.key}=${factor.valueOf(run)}`)
  ].join(' ').toLowerCase();
}

function filteredRuns() {
  const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
  return report.runs.filter(run => words.every(word => run.words.includes(word)));
}

/* Missing values last, whichever way it is sorted. */
function compareRuns(a, b, column, down) {
  const x = column.of(a), y = column.of(b);
  if (x === null || y === null) return (x === null) - (y === null);
  const order =
      typeof x === 'number' && typeof y === 'number' ? x - y : compareValues(String(x), String(y));
  return down ? -order : order;
}

function sortedRuns() {
  const column = columns.find(candidate => candidate.key === state.sort) || columns[0];
  return filteredRuns().sort(
      (a, b) => compareRuns(a, b, column, state.down) || compareValues(a.id, b.id));
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function makeHead() {
  const cells = columns.map(column => {
    const button = element(
        'button', {type: 'button', title: column.help || ''},
        column.unit ? `${column.label} (${column.unit})` : column.label);
    button.addEventListener('click', () => sortBy(column.key));
    const cell = element('th', {scope: 'col', className: column.number ? 'number' : ''}, button);
    cell.dataset.key = column.key;
    return cell;
  });
  return element('thead', {}, element('tr', {}, ...cells));
}

function makeRunCell(run) {
  const box = element(
      'input',
      {type: 'checkbox', checked: state.marked.has(run.id), title: 'draw this run in black'});
  box.addEventListener('change', () => markRun(run.id, box.checked));
  const cell =
      element('td', {className: 'run'}, element('label', {}, box, element('span', {}, run.id)));
  if (run.reason) cell.append(element('div', {className: 'reason'}, run.reason));
  return cell;
}

function makeCell(column, run) {
  if (column.key === 'run') return makeRunCell(run);
  const text = cellText(column, run);
  if (column.key === 'state')
    return element('td', {}, element('span', {className: `state ${run.state}`}, text));
  return element('td', {className: column.number ? 'number' : ''}, text);
}

function drawTable() {
  const runs = sortedRuns(), shown = state.all ? runs : runs.slice(0, ROWS_FIRST);
  const body = element(
      'tbody', {},
      ...shown.map(run => element('tr', {}, ...columns.map(column => makeCell(column, run)))));
  const table = byId('table');
  table.tBodies[0]?.remove();
  table.append(body);
  for (const cell of table.tHead.rows[0].cells)
    cell.setAttribute(
        'aria-sort',
        cell.dataset.key !== state.sort ? 'none' :
            state.down                  ? 'descending' :
                                          'ascending');
  byId('count').textContent = runs.length === report.runs.length ?
      plural(runs.length, 'run') :
      `${runs.length.toLocaleString('en')} of ${plural(report.runs.length, 'run')}`;
  for (const chip of byId('states').children)
    chip.setAttribute('aria-pressed', chip.dataset.filter === state.filter);
  byId('more').hidden = shown.length === runs.length;
  byId('more').textContent = `Show all ${plural(runs.length, 'run')}`;
}

function drawStates() {
  const chips = stateOrder.map(name => [name, report.runs.filter(run => run.state === name).length])
                    .filter(([, count]) => count > 0)
                    .map(([name, count]) => {
                      const chip = element(
                          'button', {type: 'button', className: `state ${name}`},
                          `${count.toLocaleString('en')} ${name}`);
                      chip.dataset.filter = `state=${name}`;
                      chip.addEventListener('click', () => toggleFilter(chip.dataset.filter));
                      return chip;
                    });
  byId('states').replaceChildren(...chips);
}

function toggleFilter(text) {
  setFilter(state.filter === text ? '' : text);
}

/* --- CSV --- */

function csvField(value) {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvText(rows) {
  return rows.map(row => row.map(csvField).join(',') + '\r\n').join('');
}

function fileName(title, ending) {
  const clean = text => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
  return `${clean(report.study)}-${clean(title)}.${ending}`;
}

function download(name, blob) {
  const link = element('a', {href: URL.createObjectURL(blob), download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function downloadCsv(title, rows) {
  download(fileName(title, 'csv'), new Blob([csvText(rows)], {type: 'text/csv;charset=utf-8'}));
}

function tableRows() {
  const head = [...columns.map(column => column.label), 'state', 'reason', 'host'];
  head[0] = 'order';
  return [
    head,
    ...sortedRuns().map(
        run =>
            [...columns.map(column => (column.csv || column.of)(run)), run.state, run.reason,
             run.host])
  ];
}
