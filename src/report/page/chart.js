/* Pictures: a figure with a canvas, a caption, and buttons to save it and its numbers. */

const havePictures = typeof Chart !== 'undefined';

/* Okabe and Ito's colours for words, part of viridis for numbers: both are told apart by the
 * colour-blind. */
const wordColours =
    ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00', '#555555', '#7F3C8D'];
const scaleColours =
    ['#440154', '#472D7B', '#3B528B', '#2C728E', '#21918C', '#28AE80', '#5EC962', '#A0DA39'];
const ink = '#1b1f24';

function mixColours(a, b, share) {
  const part = (colour, i) => parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16);
  const mixed = [0, 1, 2].map(i => Math.round(part(a, i) + (part(b, i) - part(a, i)) * share));
  return '#' + mixed.map(value => value.toString(16).padStart(2, '0')).join('');
}

/* The colour of `share`, from 0 to 1, of the scale. */
function scaleColour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (scaleColours.length - 1), i = Math.floor(at);
  return i + 1 < scaleColours.length ? mixColours(scaleColours[i], scaleColours[i + 1], at - i) :
                                       scaleColours[i];
}

function colourOf(factor, value) {
  const i = factor.values.indexOf(value), count = factor.values.length;
  if (i < 0) return '#8c959f';
  if (factor.key === '') return wordColours[0];
  if (!factor.numeric && count <= wordColours.length) return wordColours[i];
  return scaleColour(count > 1 ? i / (count - 1) : 0);
}

const points = (x, y) => x.map((value, i) => ({x: value, y: y[i]}));

function lineData(label, x, y, colour, more = {}) {
  return {
    label,
    data: points(x, y),
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 2,
    pointRadius: 0,
    pointHitRadius: 6,
    ...more
  };
}

/* The mean of runs, and the range between the lowest and the highest of them behind it. */
function bandData(label, mean, colour, more = {}) {
  const line = lineData(
      label, mean.x, mean.y, colour,
      {counts: mean.count, pointRadius: mean.x.length < 2 ? 3 : 0, ...more});
  if (!mean.count.some(count => count > 1)) return [line];
  const edge = {borderWidth: 0, pointRadius: 0, pointHitRadius: 0, band: true, order: 2};
  return [
    line, lineData(label, mean.x, mean.low, colour, {...edge, fill: false}),
    lineData(
        label, mean.x, mean.high, colour, {...edge, fill: '-1', backgroundColor: colour + '2b'})
  ];
}

function flatLine(label, value, from, to) {
  return lineData(
      label, [from, to], [value, value], ink, {borderWidth: 1.5, borderDash: [6, 4], order: 3});
}

/* A legend of at most so many entries: of a long scale, some are left out. */
const LEGEND_MOST = 8;

function legendFilter(datasets) {
  const entries =
      datasets.map((data, i) => i).filter(i => !datasets[i].band && !datasets[i].silent);
  const every = Math.max(1, (entries.length - 1) / (LEGEND_MOST - 1));
  const kept = new Set(Array.from(
      {length: Math.min(LEGEND_MOST, entries.length)}, (_, i) => entries[Math.round(i * every)]));
  return item => kept.has(item.datasetIndex);
}

function axisOptions(axis, datasets) {
  return {
    type: axis.type || 'linear',
    title: {display: true, text: axis.title, color: ink},
    labels: axis.labels,
    offset: axis.offset,
    min: axis.min,
    bounds: axis.bounds || 'ticks',
    grid: {color: '#eaeef2'},
    ...(axis.at ? ticksAt(axis) : {}),
    ...(axis.share ? shareLimits(datasets) : {}),
    ticks: {
      color: ink,
      maxRotation: 45,
      autoSkipPadding: 12,
      ...(axis.labels ? {autoSkip: axis.labels.length > 10} : {callback: tickText})
    }
  };
}

/* A share goes from 0 to 1, or to less where all is small. */
function shareLimits(datasets) {
  const most = datasets.reduce(
      (high, data) => data.data.reduce((a, point) => Math.max(a, point.y), high), 0);
  return {min: 0, ...(most > 0.5 ? {max: 1} : {suggestedMax: 0.05})};
}

/* Ticks at the values that were chosen, and the axis a little longer than they reach. */
function ticksAt({at, type}) {
  const first = at[0], last = at[at.length - 1], logarithmic = type === 'logarithmic';
  const margin = logarithmic ? (last / first) ** 0.05 : 0.05 * (last - first) || 1;
  return {
    min: logarithmic ? first / margin : first - margin,
    max: logarithmic ? last * margin : last + margin,
    afterBuildTicks: scale => {
      scale.ticks = at.map(value => ({value, major: true}));
    }
  };
}

/* A logarithmic scale has more ticks than can be read. */
function tickText(value) {
  if (this.type === 'logarithmic' && !this.options.afterBuildTicks) {
    const first = Number(String(value.toExponential(3))[0]), whole = this.max / this.min < 30;
    if (!(first === 1 || (first === 2 || first === 5) || whole)) return '';
  }
  return Math.abs(value) >= 1e5 ? `${formatNumber(value / 1000, 3)}k` : formatNumber(value);
}

function tooltipText(item) {
  const data = item.dataset, count = data.counts?.[item.dataIndex];
  const mean = count > 1 ? ` (mean of ${count})` : '';
  return `${data.names?.[item.dataIndex] || data.label}: ${formatNumber(item.parsed.y)}${mean}`;
}

const whiteGround = {
  id: 'whiteGround',
  beforeDraw(chart) {
    chart.ctx.save();
    chart.ctx.fillStyle = '#fff';
    chart.ctx.fillRect(0, 0, chart.width, chart.height);
    chart.ctx.restore();
  },
};

function chartOptions(picture) {
  const tooltip = {
    filter: item => !item.dataset.band,
    callbacks: {
      title: items => items.length ? `${picture.xAxis.title}: ${items[0].label}` : '',
      label: tooltipText,
      ...picture.tooltip
    }
  };
  const options = {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    parsing: false,
    normalized: true,
    devicePixelRatio: Math.max(2, window.devicePixelRatio || 1),
    interaction: {mode: 'nearest', axis: 'xy', intersect: false},
    scales: {
      x: axisOptions(picture.xAxis, picture.datasets),
      y: axisOptions(picture.yAxis, picture.datasets)
    },
    plugins: {
      title: {display: true, text: picture.title, color: ink, font: {size: 15}},
      tooltip,
      legend: {
        display: picture.legend !== false,
        position: 'bottom',
        labels: {filter: legendFilter(picture.datasets), color: ink, boxWidth: 18, boxHeight: 2}
      }
    }
  };
  if (picture.colouredBy)
    options.plugins.subtitle = {
      display: true,
      text: `coloured by ${picture.colouredBy}`,
      padding: {bottom: 6}
    };
  return options;
}

function savePicture(chart, title) {
  chart.canvas.toBlob(blob => download(fileName(title, 'png'), blob), 'image/png');
}

function toolButton(text, label, action) {
  const button = element('button', {type: 'button'}, text);
  button.setAttribute('aria-label', label);
  button.addEventListener('click', action);
  return button;
}

/* Puts a figure into `parent`: title, caption, xAxis and yAxis (title, type, ...), datasets of
 * Chart.js, rows (a function) for the CSV file. */
function addPicture(parent, picture) {
  const tools = element('div', {className: 'tools'});
  const figure =
      element('figure', {}, tools, element('figcaption', {}, element('p', {}, picture.caption)));
  parent.append(figure);
  if (havePictures) {
    const canvas = element('canvas', {});
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `${picture.title}. ${picture.caption}`);
    figure.prepend(element('div', {className: 'canvas'}, canvas));
    const chart = new Chart(canvas, {
      type: 'line',
      data: {datasets: picture.datasets},
      options: chartOptions(picture),
      plugins: [whiteGround, ...(picture.plugins || [])]
    });
    tools.append(toolButton(
        'PNG', `Save the picture: ${picture.title}`, () => savePicture(chart, picture.title)));
  } else {
    figure.prepend(element('strong', {}, picture.title));
  }
  tools.append(toolButton(
      'CSV', `Download the numbers: ${picture.title}`,
      () => downloadCsv(picture.title, picture.rows())));
}

function clearPictures(parent) {
  if (havePictures)
    for (const canvas of parent.querySelectorAll('canvas')) Chart.getChart(canvas)?.destroy();
  parent.replaceChildren();
}
