(() => {
  'use strict';
  const charts = JSON.parse(document.getElementById('report-data').textContent).charts;
  const chosen = new Map();
  document.body.classList.add('scripted');

  // Highlights the curves of the chosen styles: in a chart's own key there, in the common one everywhere.
  const scopeOf = button => button.closest('figure') || document.querySelector('main');
  const show = (scope, styles) => {
    const figures = scope.matches('figure') ? [scope] : scope.querySelectorAll('figure');
    for (const figure of figures) {
      figure.classList.toggle('chosen', styles.size > 0);
      for (const curve of figure.querySelectorAll('.plot g')) {
        curve.classList.toggle('on', styles.has(curve.dataset.s));
      }
    }
  };
  const pinned = scope => {
    if (!chosen.has(scope)) chosen.set(scope, new Set());
    return chosen.get(scope);
  };
  for (const button of document.querySelectorAll('.key button')) {
    const scope = scopeOf(button);
    button.addEventListener('click', () => {
      const styles = pinned(scope);
      const isOn = !styles.delete(button.dataset.s);
      if (isOn) styles.add(button.dataset.s);
      button.setAttribute('aria-pressed', String(isOn));
      show(scope, styles);
    });
    button.addEventListener('mouseenter', () => show(scope, new Set([button.dataset.s, ...pinned(scope)])));
    button.addEventListener('mouseleave', () => show(scope, pinned(scope)));
  }

  const text = value => String(Number(value.toPrecision(5)));
  const nearest = (curve, x, along) => {
    let best = -1;
    for (let i = 0; i < curve.x.length; i++) {
      if (curve.y[i] !== null && (best < 0 || Math.abs(along(curve.x[i]) - x) < Math.abs(along(curve.x[best]) - x))) best = i;
    }
    return best;
  };
  const element = (name, className) => Object.assign(document.createElement(name), {className});
  for (const figure of document.querySelectorAll('figure')) {
    const chart = charts[figure.dataset.chart];
    const valueOf = y => chart.fraction ? text(100 * y) + ' %' : text(chart.magnitude ? Math.abs(y) : y);
    for (const svg of figure.querySelectorAll('.plot svg')) {
      const isLog = 'log' in svg.dataset;
      const along = value => isLog ? Math.log(value) : value;
      const [from, to] = [along(Number(svg.dataset.from)), along(Number(svg.dataset.to))];
      const rule = element('div', 'rule');
      const tip = element('div', 'tip');
      svg.addEventListener('pointermove', event => {
        const box = svg.getBoundingClientRect();
        const frame = svg.parentElement.getBoundingClientRect();
        const x = from + (event.clientX - box.left) / box.width * (to - from);
        const rows = chart.curves.map(curve => ({curve, at: nearest(curve, x, along)})).filter(row => row.at >= 0)
          .map(row => ({curve: row.curve, x: row.curve.x[row.at], y: row.curve.y[row.at], at: row.at}));
        if (rows.length === 0) return;
        const place = rows.reduce((a, b) => Math.abs(along(a.x) - x) <= Math.abs(along(b.x) - x) ? a : b).x;
        const left = box.left - frame.left + box.width * (along(place) - from) / (to - from);
        const styles = pinned(figure.querySelector('.key') ? figure : document.querySelector('main'));
        const shown = rows.filter(row => styles.size === 0 || styles.has(String(row.curve.style)));
        rule.style.left = left + 'px';
        tip.replaceChildren(Object.assign(element('b', ''), {textContent: `${chart.x_label} ${text(place)}`}));
        for (const row of shown.sort((a, b) => b.y - a.y)) {
          const line = element('div', '');
          const name = Object.assign(element('span', ''), {textContent: row.curve.name});
          const range = row.curve.low ? ` (${valueOf(row.curve.low[row.at])} to ${valueOf(row.curve.high[row.at])})` : '';
          const value = Object.assign(element('span', ''), {textContent: valueOf(row.y) + range});
          line.append(name, value);
          tip.append(line);
        }
        svg.parentElement.append(rule, tip);
        const isRight = left > frame.width / 2;
        tip.style.left = isRight ? 'auto' : left + 12 + 'px';
        tip.style.right = isRight ? frame.width - left + 12 + 'px' : 'auto';
      });
      svg.addEventListener('pointerleave', () => { rule.remove(); tip.remove(); });
    }
  }
})();
