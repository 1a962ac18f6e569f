/* Draws every .ba-chart in the one look: colours from the theme's tokens, legend in HTML, a click opens the list behind.
   <div class="ba-chart"><script type="application/json">a plotly figure</script></div>
   plotly is 1.2 MB, so it is fetched only where there is something to draw. */
(() => {
  const source = document.currentScript.dataset.plotly;
  const drawn = new Set();
  let loading = null;
  const token = name => getComputedStyle(document.documentElement).getPropertyValue(`--ba-${name}`).trim();
  const isRtl = () => document.documentElement.dir === "rtl";

  function load() {
    loading ||= new Promise((resolve, reject) => {
      if (window.Plotly) return resolve();
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  }

  /* "token:brand" anywhere in a figure is a colour of the theme. */
  function coloured(value) {
    if (typeof value === "string") return value.startsWith("token:") ? token(value.slice(6)) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, coloured(part)]));
    return value;
  }

  function merged(base, over) {
    const result = { ...base };
    for (const [key, value] of Object.entries(over || {})) {
      const both = value && result[key] && typeof value === "object" && typeof result[key] === "object" && !Array.isArray(value);
      result[key] = both ? merged(result[key], value) : value;
    }
    return result;
  }

  function look() {
    const small = { size: 12, color: token("ink-3") };
    const axis = { showgrid: false, zeroline: false, linecolor: token("line-2"), tickcolor: "rgba(0,0,0,0)", tickfont: small, title: { font: small, standoff: 12 }, fixedrange: true };
    return {
      font: { family: "Vazirmatn, sans-serif", size: 12, color: token("ink-2") },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      showlegend: false,
      hoverlabel: { bgcolor: token("night"), bordercolor: "rgba(0,0,0,0)", align: isRtl() ? "right" : "left", font: { family: "Vazirmatn, sans-serif", size: 12, color: token("on-night") } },
      xaxis: axis,
      yaxis: { ...axis, showgrid: true, gridcolor: token("line"), linecolor: "rgba(0,0,0,0)" },
    };
  }

  function legend(chart, figure) {
    let list = chart.previousElementSibling;
    if (list?.matches(".ba-chart-y")) list = list.previousElementSibling;
    if (!list?.matches(".ba-legend[data-drawn]")) list = null;
    list?.remove();
    if (figure.data.length < 2) return;
    list = document.createElement("ul");
    list.className = "ba-legend";
    list.dataset.drawn = "yes";
    for (const trace of figure.data) {
      const item = document.createElement("li");
      const dot = document.createElement("i");
      dot.className = "ba-dot";
      const colour = trace.marker?.color ?? trace.line?.color;
      dot.style.backgroundColor = Array.isArray(colour) ? colour[0] : colour;
      item.append(dot, (trace.name || "").replace(/[\u2066-\u2069]/g, ""));
      list.append(item);
    }
    (chart.previousElementSibling?.matches(".ba-chart-y") ? chart.previousElementSibling : chart).before(list);
  }

  function open(event) {
    let address = event.points?.[0]?.customdata;
    if (Array.isArray(address)) address = address[0];
    if (typeof address !== "string" || !/^[/?](?!\/)/.test(address)) return;
    if (event.event?.ctrlKey || event.event?.metaKey) window.open(address, "_blank", "noopener");
    else location.assign(address);
  }

  async function draw(chart) {
    const json = chart.querySelector("script[type='application/json']");
    if (!json || !chart.offsetParent) return;
    await load();
    const figure = coloured(JSON.parse(json.textContent));
    /* figure.layout.template comes along from Python; "none" keeps plotly's own look away. */
    const layout = merged(look(), { ...figure.layout, template: undefined });
    if (chart.clientWidth < 480 && layout.xaxis.type === "category") {
      /* Room for about five words side by side; the rest are said on hovering and in the table. */
      const marks = layout.xaxis.tickvals || figure.data[0]?.x || [];
      const every = Math.ceil(marks.length / (marks.some(mark => mark.length > 8) ? 4 : 7));
      if (every > 1) layout.xaxis = { ...layout.xaxis, tickvals: marks.filter((_, at) => at % every === 0) };
    }
    layout.xaxis.tickangle ??= 0;
    legend(chart, figure);
    let plot = chart.querySelector(".ba-plot");
    if (!plot) {
      plot = document.createElement("div");
      plot.className = "ba-plot";
      chart.append(plot);
    }
    await Plotly.react(plot, figure.data, layout, { displayModeBar: false, responsive: true, doubleClick: false, showTips: false });
    if (!drawn.has(chart)) {
      plot.on("plotly_click", open);
      plot.on("plotly_hover", event => { plot.style.cursor = event.points?.[0]?.customdata ? "pointer" : ""; });
      plot.on("plotly_unhover", () => { plot.style.cursor = ""; });
      drawn.add(chart);
    }
    chart.dataset.done = "yes";
  }

  const drawAll = root => {
    for (const chart of drawn) if (!chart.isConnected) drawn.delete(chart);
    const charts = [...(root.matches?.(".ba-chart") ? [root] : []), ...root.querySelectorAll(".ba-chart")];
    charts.forEach(draw);
  };
  document.addEventListener("htmx:load", event => drawAll(event.detail.elt));
  document.addEventListener("htmx:beforeCleanupElement", event => {
    const plot = event.detail.elt.querySelector?.(".ba-plot");
    if (plot && window.Plotly) Plotly.purge(plot);
  });
  document.addEventListener("ba:shown", event => event.detail && drawAll(event.detail));
  document.addEventListener("toggle", event => event.target.open && drawAll(event.target), true);
  document.addEventListener("ba:theme", () => drawn.forEach(draw));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => drawAll(document));
  else drawAll(document);
})();
