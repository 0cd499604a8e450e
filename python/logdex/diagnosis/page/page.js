"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const copy = $("copy");
  if (copy) copy.addEventListener("click", () => {
    const text = $("verdict").textContent;
    const done = () => { copy.textContent = "Copied"; };
    const select = () => {
      const range = document.createRange();
      range.selectNodeContents($("verdict"));
      const chosen = getSelection();
      chosen.removeAllRanges();
      chosen.addRange(range);
      if (document.execCommand("copy")) done();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, select); else select();
  });

  if (!$("data")) return;
  const data = JSON.parse($("data").textContent);
  const canvas = $("matrix"), frame = $("frame"), spot = $("spot"), pen = canvas.getContext("2d");
  const rows = data.rows.map((row) => {
    const lines = new Float64Array(data.width);
    row.cells.split(".").forEach((cell, at) => { if (cell) lines[at] = parseInt(cell, 36); });
    return { ...row, lines, errors: new Map(row.errors) };
  });
  const most = rows.reduce((so, row) => row.lines.reduce((a, b) => Math.max(a, b), so), 1);
  const left = 190, top = 26, high = rows.length > 200 ? 6 : rows.length > 60 ? 10 : 18;
  let view = { from: 0, to: data.width }, here = { row: 0, column: 0 }, drag = null;

  const clock = (seconds) => new Date((seconds + data.offset) * 1000).toISOString().slice(11, 19);
  const moment = (column) => data.first + (data.last - data.first) * column / data.width;
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const mix = (one, other, share) => {
    const part = (text, at) => parseInt(text.slice(1 + 2 * at, 3 + 2 * at), 16);
    return "rgb(" + [0, 1, 2].map((at) => Math.round(part(one, at) + (part(other, at) - part(one, at)) * share)) + ")";
  };

  function draw() {
    const wide = Math.max(frame.clientWidth - 2, 320), tall = top + rows.length * high + 4, scale = devicePixelRatio || 1;
    canvas.style.width = wide + "px";
    canvas.style.height = tall + "px";
    canvas.width = wide * scale;
    canvas.height = tall * scale;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const [text, dim, line, few, many, none, bad, accent] =
      ["--text", "--dim", "--line", "--few", "--many", "--none", "--bad", "--accent"].map(color);
    pen.clearRect(0, 0, wide, tall);
    pen.font = "12px system-ui, sans-serif";
    const share = (wide - left) / (view.to - view.from), x = (column) => left + (column - view.from) * share;
    pen.fillStyle = dim;
    if (data.first !== null) for (let tick = 0; tick <= 6; tick++) {
      const column = view.from + (view.to - view.from) * tick / 6;
      pen.textAlign = tick === 0 ? "left" : tick === 6 ? "right" : "center";
      pen.fillText(clock(moment(column)), Math.min(x(column), wide - 2), 16);
    }
    let host = null;
    rows.forEach((row, at) => {
      const y = top + at * high;
      if (row.host !== host) {
        host = row.host;
        if (at) { pen.fillStyle = dim; pen.fillRect(0, y, wide, 1); }
        pen.fillStyle = dim; pen.textAlign = "left";
        if (host) pen.fillText(host.slice(0, 14), 4, y + Math.max(high - 4, 9));
      }
      if (high >= 10 || row.hot || at % 10 === 0) {
        pen.fillStyle = row.hot ? bad : text; pen.textAlign = "right";
        pen.font = (row.hot ? "bold " : "") + Math.min(12, high + 3) + "px system-ui, sans-serif";
        pen.fillText(row.name.slice(-22), left - 8, y + Math.max(high - 4, 6));
        pen.font = "12px system-ui, sans-serif";
      }
      for (let column = Math.floor(view.from); column < Math.ceil(view.to); column++) {
        const lines = row.lines[column] || 0;
        const start = Math.max(x(column), left);
        pen.fillStyle = lines ? mix(few, many, Math.sqrt(lines / most)) : none;
        pen.fillRect(start, y + 1, Math.max(x(column + 1) - start, .5) + .3, high - 1);
      }
      for (const column of row.errors.keys()) if (column >= view.from - 1 && column < view.to) {
        pen.fillStyle = bad;
        pen.fillRect(Math.max(x(column), left), y + 1, Math.max(share, 3), high - 1);
      }
    });
    pen.strokeStyle = accent;
    pen.lineWidth = 2;
    if (document.activeElement === canvas)
      pen.strokeRect(Math.max(x(here.column), left), top + here.row * high, Math.max(share, 4), high);
  }

  function tell() {
    const row = rows[here.row];
    if (!row) return;
    const lines = row.lines[here.column] || 0, errors = row.errors.get(here.column) || 0;
    const when = data.first === null ? "" : `, ${clock(moment(here.column))} to ${clock(moment(here.column + 1))}`;
    const host = row.host ? ` on ${row.host}` : "";
    spot.textContent = `${row.name}${host}${when}: ${lines} lines, ${errors} errors`;
  }

  function zoom(factor, around) {
    const wide = Math.min(Math.max((view.to - view.from) * factor, 4), data.width);
    const share = (around - view.from) / (view.to - view.from);
    const from = Math.min(Math.max(around - wide * share, 0), data.width - wide);
    view = { from, to: from + wide };
    draw();
  }

  const all = () => { view = { from: 0, to: data.width }; draw(); };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = view.from + (event.clientX - box.left - left) / (box.width - left) * (view.to - view.from);
    return { row: Math.floor((event.clientY - box.top - top) / high), column, inside: event.clientX - box.left >= left };
  };
  const middle = () => (here.column >= view.from && here.column < view.to ? here.column : (view.from + view.to) / 2);
  $("in").addEventListener("click", () => zoom(.5, middle()));
  $("out").addEventListener("click", () => zoom(2, middle()));
  $("all").addEventListener("click", all);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.deltaX === 0 && frame.scrollHeight > frame.clientHeight) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : .8, place(event).column);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, ...view }; });
  addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons) {
      const wide = drag.to - drag.from, box = canvas.getBoundingClientRect();
      const from = drag.from - (event.clientX - drag.x) / (box.width - left) * wide;
      view = { from: Math.min(Math.max(from, 0), data.width - wide), to: 0 };
      view.to = view.from + wide;
      draw();
      return;
    }
    const at = place(event);
    if (!at.inside || at.row < 0 || at.row >= rows.length) return;
    here = { row: at.row, column: Math.min(Math.max(Math.floor(at.column), 0), data.width - 1) };
    tell();
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step) {
      here.row = Math.min(Math.max(here.row + step[0], 0), rows.length - 1);
      here.column = Math.min(Math.max(here.column + step[1], 0), data.width - 1);
      if (here.column < view.from || here.column >= view.to) zoom(1, here.column);
      const y = top + here.row * high;
      if (y < frame.scrollTop) frame.scrollTop = y - top;
      if (y + high > frame.scrollTop + frame.clientHeight) frame.scrollTop = y + high - frame.clientHeight;
    } else if (event.key === "+" || event.key === "=") zoom(.5, middle());
    else if (event.key === "-") zoom(2, middle());
    else if (event.key === "0") all();
    else return;
    event.preventDefault();
    draw();
    tell();
  });
  canvas.addEventListener("focus", () => { draw(); tell(); });
  canvas.addEventListener("blur", draw);
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
