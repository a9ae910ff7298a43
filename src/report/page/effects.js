/* What the settings did: numbers of runs against settings, as lines and as a map of two. */

function summary(values) {
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: Math.min(...values),
    high: Math.max(...values),
    count: values.length
  };
}

/* Numbers lie on a line, a logarithmic one if they span much; words and uneven numbers lie at equal
 * distances. */
function isUneven(factor) {
  const values = factor.values.map(Number),
        gaps = values.slice(1).map((value, i) => value - values[i]);
  return Math.max(...gaps) > 5 * Math.min(...gaps);
}

function isLogarithmic(factor) {
  const values = factor.values.map(Number);
  return values[0] > 0 && (values[values.length - 1] / values[0] >= 8 || isUneven(factor));
}

function isEven(factor) {
  return factor.numeric && (isLogarithmic(factor) || !isUneven(factor));
}

function factorAxis(factor) {
  if (!isEven(factor))
    return {title: factor.label, type: 'category', labels: factor.values, offset: true};
  return {
    title: factor.label,
    type: isLogarithmic(factor) ? 'logarithmic' : 'linear',
    at: factor.values.map(Number)
  };
}

const placeOf = (factor, value) => isEven(factor) ? Number(value) : factor.values.indexOf(value);

/* One line along `factor` for the runs of one colour. */
function effectLine(runs, factor, quantity, label, colour) {
  const line = {x: [], y: [], low: [], high: [], count: []};
  for (const [value, members] of groupRuns(
           runs.filter(run => factor.values.includes(factor.valueOf(run))), factor)) {
    const numbers = members.map(quantity.of).filter(number => number !== null);
    if (!numbers.length) continue;
    const found = summary(numbers);
    line.x.push(placeOf(factor, value));
    line.y.push(found.mean);
    line.low.push(found.low);
    line.high.push(found.high);
    line.count.push(found.count);
  }
  return line.x.length ?
      bandData(label, line, colour, {pointRadius: 4, pointHitRadius: 8, showLine: factor.numeric}) :
      [];
}

/* Words have no order, so the range is a bar for each instead of a band. */
const rangeBars = {
  id: 'rangeBars',
  afterDatasetsDraw(chart) {
    const {ctx, data, scales: {y}} = chart;
    for (let i = 0; i + 2 < data.datasets.length; i++) {
      const [line, low, high] = data.datasets.slice(i, i + 3);
      if (line.showLine !== false || !low.band || !high.band || line.band) continue;
      const meta = chart.getDatasetMeta(i);
      if (meta.hidden) continue;
      ctx.save();
      ctx.strokeStyle = line.borderColor;
      ctx.lineWidth = 2;
      meta.data.forEach((point, j) => {
        ctx.beginPath();
        ctx.moveTo(point.x, y.getPixelForValue(low.data[j].y));
        ctx.lineTo(point.x, y.getPixelForValue(high.data[j].y));
        ctx.stroke();
      });
      ctx.restore();
    }
  },
};

function hideBands(datasets) {
  for (const data of datasets)
    if (data.band) data.fill = false, data.hiddenBand = true;
  return datasets;
}

/* Lines are coloured by the other factor, if one is chosen above; at most so many. */
const COLOURS_MOST = 12;

function effectDatasets(runs, factor, quantity) {
  const by = colourFactor(),
        other =
            factors.includes(by) && by !== factor && by.values.length <= COLOURS_MOST ? by : null;
  const datasets = other ? groupRuns(runs, other)
                               .flatMap(
                                   ([value, members]) => effectLine(
                                       members, factor, quantity, value, colourOf(other, value))) :
                           effectLine(runs, factor, quantity, 'mean and range', wordColours[0]);
  return {other, datasets: factor.numeric ? datasets : hideBands(datasets)};
}

function effectRows(runs, factor, quantity) {
  return [
    [factor.label, 'run', 'seed', quantity.label],
    ...runs.filter(run => quantity.of(run) !== null)
        .map(run => [factor.valueOf(run), run.id, run.seed, quantity.of(run)])
  ];
}

function effectPicture(parent, runs, factor, quantity) {
  const {other, datasets} = effectDatasets(runs, factor, quantity);
  if (!datasets.length) return;
  addPicture(parent, {
    title: `${quantity.label[0].toUpperCase()}${quantity.label.slice(1)}`,
    caption: `Mean and range over seeds and over all settings but ${factor.label}${
        other ? ` and ${other.label}` : ''}.`,
    datasets,
    xAxis: factorAxis(factor),
    yAxis: {title: quantity.axis, share: quantity.share},
    legend: Boolean(other),
    colouredBy: other && other.label,
    plugins: [rangeBars],
    tooltip: {
      title: items => items.length ?
          `${factor.label} = ${
              isEven(factor) ? items[0].parsed.x : factor.values[items[0].parsed.x]}` :
          ''
    },
    rows: () => effectRows(runs, factor, quantity)
  });
}

function drawEffects() {
  const parent = byId('effect-pictures'), runs = filteredRuns();
  const done = runs.filter(run => run.state === 'done').length;
  clearPictures(parent);
  byId('effects').hidden = byId('to-effects').hidden = !effectFactors.length;
  if (!effectFactors.length) return;
  byId('effects-hint').textContent =
      `Final numbers are those of finished runs: ${done.toLocaleString('en')} of ${
          plural(runs.length, 'run')}. ` +
      'Lines are coloured as chosen under “Curves”.';
  for (const factor of effectFactors) {
    const before = parent.childElementCount;
    const heading = element('h3', {title: factor.help || ''}, factor.label);
    parent.append(heading);
    for (const quantity of quantities.slice(0, 4)) effectPicture(parent, runs, factor, quantity);
    if (parent.childElementCount === before + 1) heading.remove();
  }
  drawHeat(runs);
}

/* --- Two settings at once --- */

function heatCells(runs, across, down, quantity) {
  const cells = [];
  for (const [row, members] of groupRuns(runs, down))
    for (const [column, inside] of groupRuns(members, across)) {
      const numbers = inside.map(quantity.of).filter(number => number !== null);
      if (numbers.length && across.values.includes(column) && down.values.includes(row))
        cells.push({
          column,
          row,
          x: across.values.indexOf(column),
          y: down.values.indexOf(row),
          ...summary(numbers)
        });
    }
  return cells;
}

/* Draws cells on the two scales of words. */
function heatPlugin(cells, across, down) {
  const low = Math.min(...cells.map(cell => cell.mean)),
        high = Math.max(...cells.map(cell => cell.mean));
  return {
    id: 'heat',
    beforeDatasetsDraw(chart) {
      const {ctx, chartArea: area, scales: {x, y}} = chart;
      const width = (area.right - area.left) / across.values.length,
            height = (area.bottom - area.top) / down.values.length;
      ctx.save();
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      ctx.font = `${Math.max(9, Math.min(13, width / 4))}px sans-serif`;
      for (const cell of cells) {
        const share = high > low ? (cell.mean - low) / (high - low) : 0.5;
        const atX = x.getPixelForValue(cell.x), atY = y.getPixelForValue(cell.y);
        ctx.fillStyle = scaleColour(share);
        ctx.fillRect(atX - width / 2 + 1, atY - height / 2 + 1, width - 2, height - 2);
        ctx.fillStyle = share > 0.6 ? '#000' : '#fff';
        if (width > 28 && height > 12) ctx.fillText(formatNumber(cell.mean, 3), atX, atY);
      }
      ctx.restore();
    },
  };
}

function drawHeat(runs) {
  const parent = byId('heat-pictures'), find = key => factors.find(factor => factor.key === key);
  clearPictures(parent);
  byId('heat').hidden = factors.length < 2;
  const across = find(state.across), down = find(state.down2),
        quantity = quantities.find(q => q.key === state.quantity);
  if (!across || !down || across === down || !quantity) return;
  const cells = heatCells(runs, across, down, quantity);
  if (!cells.length) {
    parent.append(element('p', {className: 'hint'}, 'No run has this number.'));
    return;
  }
  const axis = factor =>
      ({title: factor.label, type: 'category', labels: factor.values, offset: true});
  addPicture(parent, {
    title: `${quantity.label[0].toUpperCase()}${quantity.label.slice(1)}`,
    legend: false,
    xAxis: axis(across),
    yAxis: axis(down),
    caption: `Each cell: mean over its runs of ${
        quantity.axis}. Dark is low, light is high; empty cells have no such run.`,
    datasets: [{
      label: quantity.label,
      data: cells,
      showLine: false,
      pointRadius: 0,
      pointHitRadius: 20,
      counts: cells.map(cell => cell.count)
    }],
    plugins: [heatPlugin(cells, across, down)],
    tooltip: {
      title: items => items.length ? `${across.label} = ${cells[items[0].dataIndex].column}, ${
                                         down.label} = ${cells[items[0].dataIndex].row}` :
                                     '',
      label: item => `${quantity.label}: ${formatNumber(cells[item.dataIndex].mean)} (${
          plural(cells[item.dataIndex].count, 'run')})`
    },
    rows: () => [
        [across.label, down.label, 'mean', 'lowest', 'highest', 'runs'],
        ...cells.map(cell => [cell.column, cell.row, cell.mean, cell.low, cell.high, cell.count])]
  });
}
