/* Curves over the steps of training. */

const RUNS_DRAWN_MOST = 200;

const stepAxis = () => ({
  title: 'training steps',
  bounds: 'data',
  ...(state.logSteps ? {type: 'logarithmic'} : {min: 0})
});
const lossAxis = title => ({title, type: state.logLoss ? 'logarithmic' : 'linear'});
const shareAxis = title => ({title, share: true});

function colourFactor() {
  return colourChoices().find(factor => factor.key === state.colour) || nothing;
}

function colourChoices() {
  const runs = report.runs.length <= 60 && report.runs.length > 1 ? [names] : [];
  return [...factors, ...(seeds.values.length > 1 ? [seeds] : []), ...runs, nothing];
}

/* Logarithmic axes have no place for 0. */
function visible(curve) {
  if (!state.logSteps) return curve;
  const keep = curve.x.map((x, i) => i).filter(i => curve.x[i] > 0);
  const chosen = {};
  for (const name of Object.keys(curve)) chosen[name] = keep.map(i => curve[name][i]);
  return chosen;
}

function meanDatasets(runs, key, factor, more) {
  return groupRuns(runs, factor).flatMap(([value, members]) => {
    const mean = visible(meanCurve(members, key));
    return mean.x.length ? bandData(value, mean, colourOf(factor, value), more) : [];
  });
}

/* One entry of the legend for all runs of a value. */
function runDatasets(runs, key, factor, more) {
  return groupRuns(runs.slice(0, RUNS_DRAWN_MOST), factor).flatMap(([value, members]) => {
    const curves =
        members.map(run => [run, curveOf(run, key)]).filter(([, curve]) => curve && curve.x.length);
    return curves.map(
        ([run, curve], i) => lineData(
            value, visible(curve).x, visible(curve).y, colourOf(factor, value),
            {borderWidth: 1.2, silent: i > 0, names: curve.x.map(() => run.id), ...more}));
  });
}

function markedDatasets(key, more) {
  return report.runs.filter(run => state.marked.has(run.id)).flatMap(run => {
    const curve = curveOf(run, key);
    return curve ? [lineData(
                       run.id, visible(curve).x, visible(curve).y, '#000',
                       {borderWidth: 3, order: 0, ...more})] :
                   [];
  });
}

function curveDatasets(runs, key, factor, more = {}) {
  return [
    ...(state.draw === 'runs' ? runDatasets : meanDatasets)(runs, key, factor, more),
    ...markedDatasets(key, more)
  ];
}

/* The numbers of a picture as they are drawn. */
function curveRows(runs, keys, factor) {
  if (state.draw === 'runs')
    return [
      ['run', factor.label, 'curve', 'step', 'value'], ...keys.flatMap(key => runs.flatMap(run => {
        const curve = curveOf(run, key);
        return curve ? curve.x.map((x, i) => [run.id, factor.valueOf(run), key, x, curve.y[i]]) :
                       [];
      }))
    ];
  return [
    [factor.label, 'curve', 'step', 'mean', 'lowest', 'highest', 'runs'],
    ...keys.flatMap(key => groupRuns(runs, factor).flatMap(([value, members]) => {
      const mean = meanCurve(members, key);
      return mean.x.map(
          (x, i) => [value, key, x, mean.y[i], mean.low[i], mean.high[i], mean.count[i]]);
    }))
  ];
}

/* Dashed lines at the baselines of the runs, which are the same for most studies. */
function baselineDatasets(runs, datasets) {
  const values = [...new Set(runs.map(run => run.baseline)
                                 .filter(value => value > 0)
                                 .map(value => Number(value.toPrecision(4))))];
  const xs = datasets.flatMap(data => data.data.map(point => point.x));
  if (!xs.length) return [];
  const from = xs.reduce((a, b) => Math.min(a, b)), to = xs.reduce((a, b) => Math.max(a, b));
  return values.slice(0, 4)
      .map((value, i) => flatLine(`no-knowledge baseline`, value, from, to))
      .map((line, i) => ({...line, silent: i > 0}));
}

/* A picture of one curve, or of several with a dash each. */
function curvePicture(parent, runs, what) {
  const factor = colourFactor(), dashes = [[], [5, 4], [2, 3], [9, 3, 2, 3]];
  const keys = what.keys.filter(key => runs.some(run => run.curves && key in run.curves));
  if (!keys.length) return;
  const datasets = keys.flatMap(
      (key, i) => curveDatasets(runs, key, factor, {borderDash: dashes[i % 4], silentKey: i > 0}));
  if (keys.length > 1)
    for (const data of datasets) data.silent = data.silent || data.silentKey;
  if (what.baseline) datasets.push(...baselineDatasets(runs, datasets));
  addPicture(parent, {
    title: what.title,
    caption: what.caption,
    datasets,
    xAxis: stepAxis(),
    yAxis: what.axis,
    colouredBy: factor.key && factor.label,
    rows: () => curveRows(runs, keys, factor)
  });
}

/* All groups of individuals in one picture, for forgetting: one for each value of the factor. */
function groupsPicture(parent, runs, value) {
  const chosen = {key: 'group', label: 'group', values: groups, numeric: false};
  const keys = groups.map(group => `attribute_accuracy ${group}`);
  const known = groups.filter((group, i) => runs.some(run => curveOf(run, keys[i])));
  if (known.length < 2) return;
  const datasets = known.flatMap(
      group => bandData(
          groupName(group), visible(meanCurve(runs, `attribute_accuracy ${group}`)),
          colourOf(chosen, group)));
  addPicture(parent, {
    title: `Accuracy of all groups: ${value}`,
    datasets,
    xAxis: stepAxis(),
    colouredBy: 'group of individuals',
    yAxis: shareAxis('accuracy (share of values)'),
    caption:
        'Learning and forgetting: a group whose curve falls while that of another group rises is being forgotten.',
    rows: () => curveRows(runs, keys, nothing)
  });
}

const GROUP_PICTURES_MOST = 6;

function groupPictures(parent, runs) {
  if (!groups.some(group => group !== firstGroup && group !== heldOut)) return;
  const factor = colourFactor(), parts = groupRuns(runs, factor);
  if (parts.length > GROUP_PICTURES_MOST)
    groupsPicture(parent, runs, 'all runs');
  else
    for (const [value, members] of parts)
      groupsPicture(parent, members, factor.key ? `${factor.label} ${value}` : value);
}

const LAYERS_MOST = 4;

/* At most so many of a list, the first and the last among them. */
function evenly(list, most) {
  if (list.length <= most) return list;
  return Array.from({length: most}, (_, i) => list[Math.round(i * (list.length - 1) / (most - 1))]);
}

function attentionPictures(parent, runs) {
  const signatures = [
    [
      'attention_attribute_to_name', 'Attention to the name',
      'Attention from the position that predicts the first token of a value to the name: how much the model looks up who the sentence is about.'
    ],
    [
      'attention_name_to_name', 'Attention within the name',
      'How much the last token of a name gathers the rest of the name.'
    ],
    [
      'attention_attribute_to_text', 'Attention to the sentence',
      'Attention from the position that predicts the first token of a value to the words of the sentence around it.'
    ],
    [
      'attention_sharpness', 'Spread of attention',
      'Entropy of attention at the same position, divided by the logarithm of the number of tokens that it may go to: 0 is a single token, 1 is all alike.'
    ],
  ];
  for (const [variable, title, caption] of signatures) {
    const layers = evenly(labelsOf(variable), LAYERS_MOST),
          dashed = ['solid', 'dashed', 'dotted', 'dash-dotted'];
    const legend = layers.map((layer, i) => `layer ${layer} ${dashed[i]}`).join(', ');
    curvePicture(parent, runs, {
      title,
      axis: shareAxis(variable === 'attention_sharpness' ? 'spread (0 to 1)' : 'attention (share)'),
      keys: layers.map(layer => `${variable} ${layer}`),
      caption: layers.length > 1 ? `${caption} Lines: ${legend}.` : caption
    });
  }
}

function samplingPictures(parent, runs) {
  const changes = key => new Set(runs.flatMap(run => curveOf(run, key)?.y || [])).size > 1;
  if (changes('draw_count'))
    curvePicture(parent, runs, {
      title: 'Individuals that training draws from',
      keys: ['draw_count'],
      axis: {title: 'individuals'},
      caption: 'The sampling distribution over time: from how many individuals the next step draws.'
    });
  if (changes('draw_alpha'))
    curvePicture(parent, runs, {
      title: 'Imbalance of the sampling distribution',
      keys: ['draw_alpha'],
      axis: {title: 'exponent of the power law'},
      caption:
          'Exponent of the power law that the next step draws by: 0 shows all individuals equally often.'
    });
}

function lossPictures(parent, runs) {
  const name = groupName(state.group), who = isMemory ? 'pairs' : 'individuals';
  curvePicture(parent, runs, {
    title: `Loss of ${name} ${who}`,
    keys: [`attribute_loss ${state.group}`],
    baseline: true,
    axis: lossAxis('attribute loss (nats)'),
    caption:
        'Cross-entropy of a value, summed over its tokens. On the plateau it stays near the no-knowledge baseline: the model knows which values are possible, but not whose they are.'
  });
  curvePicture(parent, runs, {
    title: `Accuracy of ${name} ${who}`,
    keys: [`attribute_accuracy ${state.group}`],
    axis: shareAxis('accuracy (share of values)'),
    caption: 'Share of values whose tokens are all predicted.'
  });
  if (heldOut && state.group !== heldOut)
    curvePicture(parent, runs, {
      title: `Loss of held-out ${who}`,
      baseline: true,
      keys: [`attribute_loss ${heldOut}`],
      axis: lossAxis('attribute loss (nats)'),
      caption: `The same loss for ${
          who} that training never shows. Above the baseline, the model is confidently wrong.`
    });
  curvePicture(parent, runs, {
    title: 'Confidence',
    keys: [firstGroup, ...(heldOut ? [heldOut] : [])].map(group => `max_probability ${group}`),
    axis: shareAxis('probability of the likeliest token'),
    caption: `Mean probability of the most likely token. Solid: ${groupName(firstGroup)}${
        heldOut ? '; dashed: held-out' : ''}.`
  });
  if (heldOut)
    curvePicture(parent, runs, {
      title: 'Telling what is known',
      keys: [`auroc_confidence ${heldOut}`],
      axis: shareAxis('area under the ROC curve'),
      caption: `How well confidence tells values of ${groupName(firstGroup)} from values of held-out ${
          who}: the probability that the known one is answered with more confidence. One half is chance.`
    });
  curvePicture(parent, runs, {
    title: `Answers about ${name} ${who}`,
    keys: [`question_accuracy ${state.group}`],
    axis: shareAxis('accuracy (share of answers)'),
    caption: 'Share of questions whose answers are all predicted.'
  });
  curvePicture(parent, runs, {
    title: `Stored bits of ${name} ${who}`,
    keys: [`stored_bits_per_parameter ${state.group}`],
    axis: {title: 'bits per parameter'},
    caption: 'How much of the values is stored, at least, divided by all parameters of the model.'
  });
  curvePicture(parent, runs, {
    title: 'Training loss',
    keys: ['train_loss'],
    axis: lossAxis(isMemory ? 'training loss (nats)' : 'training loss (nats per token)'),
    caption: 'Mean cross-entropy of what training showed since the evaluation before.'
  });
}

function drawCurves() {
  const parent = byId('curve-pictures'), runs = filteredRuns().filter(run => run.curves);
  clearPictures(parent);
  const most = state.draw === 'runs' && runs.length > RUNS_DRAWN_MOST;
  byId('drawn').textContent = !runs.length ?
      'No run that the filter leaves has a record yet.' :
      most ?
      `Drawn: the first ${RUNS_DRAWN_MOST} of ${plural(runs.length, 'run')} that have records.` :
      `Drawn: ${plural(runs.length, 'run')}${
          state.draw === 'mean' && runs.length > 1 ?
              ', as means with the range from lowest to highest' :
              ''}.`;
  if (!runs.length) return;
  lossPictures(parent, runs);
  groupPictures(parent, runs);
  attentionPictures(parent, runs);
  samplingPictures(parent, runs);
}
