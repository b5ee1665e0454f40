// Script of the report's page. It inserts names, terms and sentences as text, never as HTML.
(() => {
  "use strict";
  const { words, categoryColumns, months, trend, isCompared } = JSON.parse(document.getElementById("page").textContent);
  const language = document.documentElement.lang;
  const number = new Intl.NumberFormat(language);
  const signed = new Intl.NumberFormat(language, { signDisplay: "always" });
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const charts = new Map(); // canvas -> function that draws it again

  const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function element(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  // --- Charts. Chart.js draws them; screen readers read their aria-label.

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const monthName = (month) => fill(words.month, { month: language === "ko" ? String(Number(month.slice(5))) : month });

  function draw(canvas, settings) {
    const redraw = () => {
      const previous = Chart.getChart(canvas);
      if (previous) previous.destroy();
      Chart.defaults.color = colour("--quiet");
      Chart.defaults.borderColor = colour("--line");
      Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
      new Chart(canvas, settings());
    };
    charts.set(canvas, redraw);
    redraw();
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((redraw) => redraw()));

  function drawTrend(canvas, values) {
    const points = values.map((value, index) =>
      `${monthName(months[index])} ${value === null ? words.unknown : number.format(value)}`);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${words.trend}: ${points.join(", ")}`);
    draw(canvas, () => ({
      type: "line",
      data: {
        labels: months.map(monthName),
        datasets: [{ label: words.texts, data: values, borderColor: colour("--accent"), backgroundColor: colour("--accent"), tension: 0, pointRadius: 4 }],
      },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, locale: language,
        plugins: { legend: { display: false }, title: { display: true, text: words.trend, align: "start", font: { weight: "normal" } } },
        scales: { y: { beginAtZero: true, ticks: { precision: 0, maxTicksLimit: 5 } }, x: { grid: { display: false } } },
      },
    }));
  }

  // Texts with each term.
  function drawTerms(canvas, { terms, distinctive }) {
    const values = terms.map(([, , texts]) => texts);
    const bars = terms.map(([term, , texts]) => `${term} ${number.format(texts)}`);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${distinctive ? words.terms : words.frequent}: ${bars.join(", ")}`);
    draw(canvas, () => ({
      type: "bar",
      data: {
        labels: terms.map(([term]) => (term.length > 12 ? `${term.slice(0, 11)}…` : term)),
        datasets: [{ label: words.columns[2], data: values, backgroundColor: colour("--accent"), maxBarThickness: 18 }],
      },
      options: {
        indexAxis: "y", animation: false, responsive: true, maintainAspectRatio: false, locale: language,
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: { title: ([item]) => terms[item.dataIndex][0] } },
        },
        scales: { x: { beginAtZero: true, ticks: { precision: 0, maxTicksLimit: 6 } }, y: { grid: { display: false }, ticks: { autoSkip: false } } },
      },
    }));
  }

  // --- A building's details, created when its row is expanded.

  function numberTable(name, columns, rows) {
    const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)));
    const body = rows.map(([first, ...cells]) => element("tr", {}, first, ...cells.map((cell) => element("td", {}, cell))));
    return element("table", { "aria-label": name }, element("thead", {}, head), element("tbody", {}, ...body));
  }

  function termTable(terms) {
    const rows = terms.map(([term, category, texts, count, before]) =>
      [element("th", { scope: "row" }, term), category, number.format(texts), number.format(count), before === null ? "–" : number.format(before)]);
    const scroll = element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": words.terms },
      numberTable(words.terms, words.columns, rows));
    return element("details", {}, element("summary", {}, words.table), scroll);
  }

  const difference = (now, before) => (now === before ? "±0" : signed.format(now - before));

  function categoryTable(categories) {
    const longest = Math.max(...categories.map(([, texts]) => texts), 1);
    const rows = categories.map(([category, texts, share, before]) => {
      const bar = element("span", { class: "bar" });
      bar.style.width = `${Math.floor(texts * 100 / longest)}%`;
      return [element("th", { scope: "row" }, category, bar), number.format(texts), share ?? "–", before === null ? "–" : difference(texts, before)];
    });
    const table = numberTable(words.categories, categoryColumns, rows);
    table.className = "categories";
    return table;
  }

  function changeList(title, list, direction, hadTexts) {
    const item = ([term, category, before, now, share]) => {
      const values = { before: number.format(before), now: number.format(now), share };
      return element("li", {}, element("b", {}, term), " ",
        element("span", { class: direction }, `${direction === "up" ? "▲" : "▼"} ${fill(words.move, values)}`),
        element("span", { class: "category" }, ` (${category})`));
    };
    const content = list.length ? element("ul", {}, ...list.map(item)) : element("p", {}, isCompared && hadTexts ? words.nothing : words.uncompared);
    return element("div", {}, element("h3", {}, title), content);
  }

  function quotation([sentence, term]) {
    const quote = element("blockquote");
    const parts = term ? sentence.split(term) : [sentence];
    parts.forEach((part, index) => {
      if (index > 0) quote.append(element("mark", {}, term));
      quote.append(part);
    });
    return quote;
  }

  function expand(row) {
    const data = JSON.parse(row.data.textContent);
    const trendCanvas = element("canvas");
    const termCanvas = element("canvas");
    const hasTrend = data.trend.filter((value) => value !== null).length > 1;
    const hadTexts = Boolean(data.trend.at(-2));
    const bars = element("div", { class: "chart" }, termCanvas);
    bars.style.height = `${data.terms.length * 28 + 40}px`;
    const cell = element("td", { colspan: "3" },
      ...(data.categories.length ? [element("h3", {}, words.categories), categoryTable(data.categories)] : []),
      element("h3", {}, data.distinctive ? words.terms : words.frequent),
      ...(data.terms.length
        ? [element("p", { class: "explained" }, data.distinctive ? words.explained : words.frequentExplained), bars, termTable(data.terms)]
        : [element("p", {}, words.noTerms)]),
      element("div", { class: "columns" }, changeList(words.rising, data.rising, "up", hadTexts), changeList(words.falling, data.falling, "down", hadTexts)),
      hasTrend ? element("div", { class: "chart trend" }, trendCanvas) : null,
      ...(data.examples.length ? [element("h3", {}, words.examples), ...data.examples.map(quotation)] : []));
    const details = element("tr", { class: "details", id: `details-${row.index}` }, cell);
    row.tr.after(details);
    if (data.terms.length) drawTerms(termCanvas, data);
    if (hasTrend) drawTrend(trendCanvas, data.trend);
    return details;
  }

  function collapse(row) {
    for (const canvas of row.details.querySelectorAll("canvas")) {
      charts.delete(canvas);
      const chart = Chart.getChart(canvas);
      if (chart) chart.destroy();
    }
    row.details.remove();
    row.details = null;
  }

  function toggle(row, open) {
    if (!row.button || open === (row.details !== null)) return;
    if (open) row.details = expand(row);
    else collapse(row);
    row.button.setAttribute("aria-expanded", String(open));
  }

  // --- The table of buildings.

  const collator = new Intl.Collator(language, { numeric: true });
  const rows = Array.from(body.rows, (tr, index) => {
    const name = tr.querySelector(".name");
    const value = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));
    const data = tr.nextElementSibling;
    const row = {
      tr, index, id: tr.dataset.id, name: name.textContent,
      texts: value(tr.cells[1]), change: value(tr.cells[2]),
      data: data && data.tagName === "SCRIPT" ? data : null,
      details: null, button: null, searchText: null,
    };
    if (row.data) {
      row.button = element("button", { type: "button", "aria-expanded": "false", "aria-controls": `details-${index}` }, row.name);
      row.button.addEventListener("click", () => toggle(row, row.details === null));
      name.replaceChildren(row.button);
      row.data.remove();
    }
    return row;
  });

  function sort(header, key, descending) {
    const sign = descending ? -1 : 1;
    rows.sort((a, b) => {
      if (key === "name") return sign * collator.compare(a.name, b.name) || a.index - b.index;
      if (a[key] === null || b[key] === null) return (a[key] === null) - (b[key] === null) || a.index - b.index;
      return sign * (a[key] - b[key]) || a.index - b.index;
    });
    const all = document.createDocumentFragment();
    for (const row of rows) {
      all.append(row.tr);
      if (row.details) all.append(row.details);
    }
    body.append(all);
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  for (const header of table.tHead.rows[0].cells) {
    const key = header.dataset.sort;
    const button = element("button", { type: "button" }, header.textContent);
    button.addEventListener("click", () => {
      const sorted = header.getAttribute("aria-sort");
      sort(header, key, sorted ? sorted === "ascending" : key !== "name");
    });
    header.replaceChildren(button);
  }

  const shown = document.getElementById("shown");
  const input = document.getElementById("filter");
  function matches(row, search) {
    if (row.searchText === null) {
      const data = row.data ? JSON.parse(row.data.textContent) : { terms: [], rising: [], falling: [] };
      const terms = [...data.terms, ...data.rising, ...data.falling].map(([term]) => term);
      row.searchText = [row.name, row.id, ...terms].join("\n").normalize("NFC").toLowerCase();
    }
    return search.every((word) => row.searchText.includes(word));
  }

  function filter() {
    const search = input.value.normalize("NFC").toLowerCase().trim().split(/\s+/);
    let count = 0;
    for (const row of rows) {
      const isShown = matches(row, search);
      row.tr.hidden = !isShown;
      if (row.details) row.details.hidden = !isShown;
      count += isShown;
    }
    shown.textContent = fill(words.shown, { shown: number.format(count), all: number.format(rows.length) });
  }
  input.addEventListener("input", filter);

  function buildingOf(hash) {
    if (!hash.startsWith("#b=")) return null;
    try {
      return decodeURIComponent(hash.slice(3));
    } catch {
      return null; // The link was truncated inside an encoded character.
    }
  }

  // Expands the building of the address: #b=ID
  function openLinked() {
    const id = buildingOf(location.hash);
    if (id === null) return;
    const row = rows.find((candidate) => candidate.id === id);
    if (!row || !row.button) return;
    input.value = "";
    filter();
    toggle(row, true);
    row.tr.scrollIntoView({ block: "start" });
    row.button.focus({ preventScroll: true });
  }
  addEventListener("hashchange", openLinked);

  const total = document.getElementById("total-trend");
  if (total) drawTrend(total, trend);
  sort(table.tHead.rows[0].cells[1], "texts", true);
  openLinked();
})();
