'use strict';
/* The data of the page: runs, what tells them apart, their curves and means. */

const report = JSON.parse(document.getElementById('report-data').textContent);
const byId = id => document.getElementById(id);

/* States in the order in which they need a look. */
const stateOrder =
    ['failed', 'diverged', 'damaged', 'interrupted', 'stopped', 'running', 'waiting', 'done'];

/* --- Numbers as text --- */

function formatNumber(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value !== 0 && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4))
    return value.toExponential(2);
  return String(
      Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(Math.abs(value) + 1))))));
}

function formatTime(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 60) return `${formatNumber(seconds, 3)} s`;
  const minutes = Math.round(seconds / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

function plural(count, word) {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

/* --- Factors: what tells runs apart --- */

function isNumeric(values) {
  return values.length > 0 &&
      values.every(value => value.trim() !== '' && Number.isFinite(Number(value)));
}

function compareValues(a, b) {
  const both = Number(a) - Number(b);
  return Number.isNaN(both) ? a.localeCompare(b, 'en', {numeric: true}) : both;
}

function makeFactor(key, label, valueOf, more = {}) {
  const values =
      [...new Set(report.runs.map(valueOf).filter(value => value !== null && value !== ''))];
  values.sort(compareValues);
  return {key, label, valueOf, values, numeric: isNumeric(values), ...more};
}

const settings = report.settings.map(
    (setting, i) => makeFactor(setting.key, setting.key, run => run.values[i], setting));
const experiments = makeFactor('experiment', 'experiment', run => run.experiment);
const seeds = makeFactor('seed', 'seed', run => String(run.seed));
const names = makeFactor('run', 'run', run => run.id);
const nothing = {
  key: '',
  label: 'nothing',
  valueOf: () => 'all runs',
  values: ['all runs'],
  numeric: false
};

/* Those with at least two values. Experiments say more than the settings that differ between them.
 */
const factors = [experiments, ...settings].filter(factor => factor.values.length > 1);
const sweptFactors = factors.filter(factor => factor.swept || factor === experiments);
const effectFactors = (sweptFactors.length ? sweptFactors : factors).slice(0, 8);

/* --- Groups of individuals, layers --- */

const curveKeys = [...new Set(report.runs.flatMap(run => Object.keys(run.curves || {})))];

function labelsOf(variable) {
  return curveKeys.filter(key => key.startsWith(variable + ' '))
      .map(key => key.slice(variable.length + 1));
}

const groups = labelsOf('attribute_loss');
const firstGroup = groups[0] || 'known';
const heldOut = groups.includes('held_out') && groups[0] !== 'held_out' ? 'held_out' : null;
const isMemory = report.runs.some(run => run.curves) ?
    !curveKeys.some(key => key.startsWith('attention')) && report.shared.task === 'memory' :
    false;

function groupName(group) {
  return group.replaceAll('_', '-');
}

/* --- Curves --- */

/* Steps and values of a run; null if it has no such curve. */
function curveOf(run, key) {
  const curve = run.curves && run.curves[key];
  if (curve === undefined || curve === null) return null;
  const grid = report.grids[run.grid];
  if (typeof curve === 'number') {
    const x = run.last_step > grid[0] ? [grid[0], run.last_step] : [grid[0]];
    return {x, y: x.map(() => curve)};
  }
  const thinned = !Array.isArray(curve), value = thinned ? curve.value : curve;
  const at = thinned ? curve.at : curve.map((_, i) => i);
  const known = at.map((index, i) => [grid[index], value[i]]).filter(pair => pair[1] !== null);
  return {x: known.map(pair => pair[0]), y: known.map(pair => pair[1])};
}

/* The curve's value at step x, on the line between its neighbours; null outside. `from` is a hint.
 */
function valueAt(curve, x, from) {
  const xs = curve.x;
  if (!xs.length || x < xs[0] || x > xs[xs.length - 1]) return null;
  while (from.at + 1 < xs.length && xs[from.at + 1] <= x) from.at++;
  const i = from.at;
  if (xs[i] === x || i + 1 === xs.length) return curve.y[i];
  return curve.y[i] + (curve.y[i + 1] - curve.y[i]) * (x - xs[i]) / (xs[i + 1] - xs[i]);
}

const STEPS_MOST = 200;

/* All steps of the curves; evenly chosen ones if there are too many to see. */
function commonSteps(curves) {
  const all = [...new Set(curves.flatMap(curve => curve.x))].sort((a, b) => a - b);
  if (all.length <= STEPS_MOST) return all;
  const every = (all.length - 1) / (STEPS_MOST - 1);
  return Array.from({length: STEPS_MOST}, (_, i) => all[Math.round(i * every)]);
}

/* Mean and range over runs at each step. */
function meanCurve(runs, key) {
  const curves = runs.map(run => curveOf(run, key)).filter(curve => curve && curve.x.length);
  const hints = curves.map(() => ({at: 0}));
  const mean = {x: [], y: [], low: [], high: [], count: []};
  for (const x of commonSteps(curves)) {
    const values =
        curves.map((curve, i) => valueAt(curve, x, hints[i])).filter(value => value !== null);
    if (!values.length) continue;
    mean.x.push(x);
    mean.y.push(values.reduce((sum, value) => sum + value, 0) / values.length);
    mean.low.push(Math.min(...values));
    mean.high.push(Math.max(...values));
    mean.count.push(values.length);
  }
  return mean;
}

/* --- Last numbers --- */

const finalOf = key => run => run.state === 'done' && run.final ? run.final[key] ?? null : null;

const quantities = [
  {
    key: 'plateau_end',
    label: 'end of the plateau',
    axis: 'end of the plateau (steps)',
    of: run => run.plateau_end ?? null
  },
  {
    key: 'loss',
    label: `final loss, ${groupName(firstGroup)}`,
    axis: 'final attribute loss (nats)',
    of: finalOf(`attribute_loss ${firstGroup}`)
  },
  {
    key: 'accuracy',
    label: `final accuracy, ${groupName(firstGroup)}`,
    axis: 'final accuracy (share)',
    share: true,
    of: finalOf(`attribute_accuracy ${firstGroup}`)
  },
  ...groups.slice(1).map(group => ({
                           key: `loss ${group}`,
                           label: `final loss, ${groupName(group)}`,
                           axis: 'final attribute loss (nats)',
                           of: finalOf(`attribute_loss ${group}`)
                         })),
];

/* Value -> runs, in the order of the factor's values; runs without a value last. */
function groupRuns(runs, factor) {
  const found = new Map(factor.values.map(value => [value, []]));
  for (const run of runs) {
    const value = factor.valueOf(run) || 'not known';
    if (!found.has(value)) found.set(value, []);
    found.get(value).push(run);
  }
  return [...found].filter(([, members]) => members.length);
}
