'use strict';
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const read = (id) => JSON.parse(document.getElementById(id).textContent);

  // The plan: one row is chosen; arrows move, fold and unfold.
  const tree = one('.tree:not(.small)');
  const rows = all('tbody tr', tree);
  const byNumber = new Map(rows.map((row) => [row.dataset.node, row]));
  const shown = () => rows.filter((row) => !row.hidden);
  const choose = (row, focus) => {
    for (const other of rows) {
      const on = other === row;
      if (on !== (other.getAttribute('aria-selected') === 'true')) {
        other.setAttribute('aria-selected', String(on));
        other.tabIndex = on ? 0 : -1;
        document.getElementById('d' + other.dataset.node).hidden = !on;
      }
    }
    if (focus) row.focus();
  };
  const fold = (row, open) => {
    if (!row.hasAttribute('aria-expanded')) return;
    row.setAttribute('aria-expanded', String(open));
    one('.fold', row).textContent = open ? '▾' : '▸';
    for (const other of rows.slice(rows.indexOf(row) + 1)) {
      if (+other.getAttribute('aria-level') <= +row.getAttribute('aria-level')) break;
      const parent = byNumber.get(other.dataset.parent);
      other.hidden = parent.hidden || parent.getAttribute('aria-expanded') === 'false';
    }
  };
  tree.addEventListener('click', (event) => {
    const row = event.target.closest('tbody tr');
    if (!row) return;
    if (event.target.closest('.fold')) fold(row, row.getAttribute('aria-expanded') === 'false');
    choose(row, true);
  });
  tree.addEventListener('keydown', (event) => {
    const row = event.target.closest('tbody tr');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const visible = shown(), at = visible.indexOf(row), open = row.getAttribute('aria-expanded');
    const steps = {
      ArrowDown: () => choose(visible[Math.min(at + 1, visible.length - 1)], true),
      ArrowUp: () => choose(visible[Math.max(at - 1, 0)], true),
      Home: () => choose(visible[0], true),
      End: () => choose(visible[visible.length - 1], true),
      ArrowRight: () => (open === 'false' ? fold(row, true) : open && choose(visible[at + 1], true)),
      ArrowLeft: () => (open === 'true' ? fold(row, false) : byNumber.has(row.dataset.parent) && choose(byNumber.get(row.dataset.parent), true)),
      Enter: () => fold(row, open === 'false'),
      ' ': () => fold(row, open === 'false'),
    };
    if (steps[event.key]) {
      event.preventDefault();
      steps[event.key]();
    }
  });
  for (const link of all('[data-goto]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      const row = byNumber.get(link.dataset.goto);
      for (let up = byNumber.get(row.dataset.parent); up; up = byNumber.get(up.dataset.parent)) fold(up, true);
      choose(row, true);
    });
  }
  if (document.body.dataset.folded) for (const row of rows) if (+row.getAttribute('aria-level') > 3) fold(row, false);

  // The slider: figures and chart of the run that was simulated with that size.
  const slider = document.getElementById('size'), chart = document.getElementById('chart');
  const figures = read('figures-json');
  const show = (number) => {
    const found = figures[number];
    slider.value = number;
    slider.setAttribute('aria-valuetext', found.label);
    document.getElementById('size-label').textContent = found.label;
    for (const place of all('#figures [data-figure]')) place.textContent = found[place.dataset.figure];
    document.getElementById('line').textContent = found.line;
    chart.replaceChildren(one(`template[data-state="${number}"]`).content.cloneNode(true));
    tipped(chart);
    all('.scale span').forEach((mark, i) => mark.classList.toggle('on', i === number));
    for (const point of all('.cu-point')) point.classList.toggle('on', +point.dataset.state === number);
  };

  // What stands in an SVG's titles is shown at once, in large letters.
  const tip = document.getElementById('tip');
  const tipped = (within) => {
    for (const title of all('svg title', within)) {
      title.parentNode.dataset.tip = title.textContent;
      title.remove();
    }
  };
  document.addEventListener('pointermove', (event) => {
    const found = event.target.closest && event.target.closest('[data-tip]');
    tip.hidden = !found;
    if (!found) return;
    tip.textContent = found.dataset.tip;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18}px`;
  });
  tipped(document);
  if (slider) {
    slider.addEventListener('input', () => show(+slider.value));
    for (const point of all('.cu-point')) point.addEventListener('click', () => show(+point.dataset.state));
    show(0);
  }

  // The plan for other programs; the theme.
  document.getElementById('download').addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([document.getElementById('plan-json').textContent], { type: 'application/json' }));
    link.download = 'plan.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  document.getElementById('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
  });
})();
