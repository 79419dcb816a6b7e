"use strict";
(() => {
  const canvas = document.createElement("canvas");
  const webgl = Boolean(window.WebGLRenderingContext && canvas.getContext("webgl"));
  const NARROW = 560;

  // Names beside points: placed in pixels, each where it covers no point and no other name.
  function place(plot, data, layout, width) {
    const names = data.filter(trace => trace.meta === "labels");
    const rest = data.filter(trace => trace.meta !== "labels");
    if (width < NARROW || !names.length) return [rest, []];
    const axes = plot._fullLayout;
    const unpack = values => Array.isArray(values) ? values : decode(values);
    const points = [];
    rest.filter(trace => trace.mode === "markers").forEach(trace => {
      const x = unpack(trace.x), y = unpack(trace.y);
      for (let i = 0; i < Math.min(x.length, 600); i++) {
        points.push([axes.xaxis.d2p(x[i]) - 6, axes.yaxis.d2p(y[i]) - 6, 12, 12]);
      }
    });
    const taken = points, notes = [];
    const overlap = (a, b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];
    const room = [axes.xaxis._length, axes.yaxis._length];
    names.forEach(trace => trace.text.forEach((text, i) => {
      const x = axes.xaxis.d2p(unpack(trace.x)[i]), y = axes.yaxis.d2p(unpack(trace.y)[i]);
      const w = text.length * 6.3 + 4, h = 15;
      for (const [dx, dy] of [[9, -16], [-9 - w, -16], [9, 3], [-9 - w, 3], [-w / 2, -25], [-w / 2, 11], [14, -31], [-14 - w, -31], [14, 18], [-14 - w, 18]]) {
        const box = [x + dx, y + dy, w, h];
        if (box[0] < 0 || box[1] < 0 || box[0] + w > room[0] || box[1] + h > room[1]) continue;
        if (taken.some(other => overlap(box, other))) continue;
        taken.push(box);
        notes.push({ x: box[0] / room[0], y: 1 - (box[1] + h) / room[1], xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", text, showarrow: false, font: trace.textfont, borderpad: 0, at: [unpack(trace.x)[i], unpack(trace.y)[i], dx, dy] });
        return;
      }
    }));
    return [rest, notes];
  }

  function decode(values) {
    const bytes = Uint8Array.from(atob(values.bdata), letter => letter.charCodeAt(0));
    return values.dtype === "f4" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
  }

  function draw(plot) {
    if (plot.dataset.drawn) return;
    plot.dataset.drawn = "1";
    const { data, layout } = structuredClone(plot.specification);
    const width = plot.clientWidth;
    if (width < NARROW) {
      layout.margin.l = 48;
      layout.margin.r = 10;
      layout.font.size = 11;
      data.forEach(trace => { if (trace.marker && trace.marker.colorbar) trace.marker.colorbar.thickness = 8; });
    }
    data.forEach(trace => { if (trace.type === "scattergl" && !webgl) trace.type = "scatter"; });
    const off = plot.closest("figure").hidden_names || new Set();
    data.forEach(trace => { if (off.has(trace.name)) trace.visible = false; });
    const shown = data.filter(trace => trace.meta !== "labels");
    const options = { responsive: true, displaylogo: false, displayModeBar: width < NARROW ? false : "hover", showSendToCloud: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], scrollZoom: false };
    if (width >= NARROW) layout.dragmode = "zoom";
    Plotly.newPlot(plot, shown, layout, options).then(() => {
      const [, notes] = place(plot, data, layout, width);
      if (notes.length) {
        // Tied to their points, so that they follow a zoom.
        const tied = notes.map(({ at, text, font }) => {
          const log = axis => plot._fullLayout[axis].type === "log";
          const left = at[2] > 0 ? "left" : at[2] > -12 - text.length * 6.3 + 2 && at[2] > -text.length * 3.2 - 4 ? "center" : "right";
          return { x: log("xaxis") ? Math.log10(at[0]) : at[0], y: log("yaxis") ? Math.log10(at[1]) : at[1], text, font, showarrow: false, xanchor: left, xshift: left === "center" ? 0 : left === "left" ? at[2] : -9, yanchor: at[3] < 0 ? "bottom" : "top", yshift: at[3] < 0 ? -(at[3] + 15) : -at[3], borderpad: 0 };
        });
        Plotly.relayout(plot, { annotations: (layout.annotations || []).concat(tied) });
      }
    });
    if (data.some(trace => trace.customdata)) {
      plot.classList.add("linked");
      plot.on("plotly_click", event => {
        const link = event.points[0] && event.points[0].customdata;
        if (link) window.open(link, "_blank", "noopener");
      });
    }
  }

  // A browser has few WebGL contexts: plots that use one leave it when they are out of sight.
  function leave(plot) {
    if (plot.dataset.drawn && webgl && plot.specification.data.some(trace => trace.type === "scattergl")) {
      plot.style.minHeight = plot.clientHeight + "px";
      Plotly.purge(plot);
      delete plot.dataset.drawn;
    }
  }

  document.querySelectorAll("figure").forEach(figure => {
    const source = figure.querySelector("script[type='application/json']");
    const plots = [...figure.querySelectorAll(".plot")];
    JSON.parse(source.textContent).forEach((specification, number) => {
      plots[number].specification = specification;
      plots[number].style.minHeight = specification.layout.height + "px";
    });
    figure.hidden_names = new Set();
    figure.querySelectorAll(".legend button").forEach(button => button.addEventListener("click", () => {
      const name = button.dataset.name, hide = !figure.hidden_names.has(name);
      figure.hidden_names[hide ? "add" : "delete"](name);
      button.classList.toggle("off", hide);
      plots.filter(plot => plot.dataset.drawn).forEach(plot => {
        const found = plot.data.flatMap((trace, place) => trace.name === name ? [place] : []);
        if (found.length) Plotly.restyle(plot, { visible: !hide }, found);
      });
    }));
  });

  const watcher = new IntersectionObserver(entries => entries.forEach(entry => {
    if (entry.isIntersecting) draw(entry.target); else leave(entry.target);
  }), { rootMargin: "400px" });
  document.querySelectorAll(".plot").forEach(plot => watcher.observe(plot));

  document.querySelectorAll("th button").forEach(button => button.addEventListener("click", () => {
    const heading = button.parentElement, place = heading.cellIndex;
    const table = heading.closest("table"), body = table.tBodies[0];
    const down = heading.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("th").forEach(each => each.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => {
      const cell = row.cells[place];
      return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
    };
    const missing = value => value === "–" || value === "" || Number.isNaN(value);
    const rows = [...body.rows].sort((a, b) => {
      const x = key(a), y = key(b);
      // What is missing stays at the end, whichever way the table is sorted.
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
      return down ? -order : order;
    });
    body.append(...rows);
  }));
})();
