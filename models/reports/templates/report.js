"use strict";
// Draws the charts that the page holds as data, in its own colours by day and by night, and on paper.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const config = { displaylogo: false, responsive: true, displayModeBar: false };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coloured = (value, tokens) => {
    if (typeof value === "string" && value.startsWith("@")) return tokens.getPropertyValue("--" + value.slice(1)).trim();
    if (Array.isArray(value)) return value.map((each) => coloured(each, tokens));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, tokens)]));
    }
    return value;
  };
  const draw = () => {
    const tokens = getComputedStyle(document.documentElement);
    for (const place of document.querySelectorAll("[data-chart]")) {
      const chart = coloured(charts[place.dataset.chart], tokens);
      chart.layout.font.family = tokens.getPropertyValue("--font");
      Plotly.react(place, chart.data, chart.layout, config);
    }
  };
  const fit = () => {
    draw();
    for (const place of document.querySelectorAll("[data-chart]")) Plotly.Plots.resize(place);
  };
  draw();
  dark.addEventListener("change", draw);
  matchMedia("print").addEventListener("change", fit);
  addEventListener("beforeprint", fit);
  addEventListener("afterprint", fit);
  document.documentElement.dataset.drawn = "yes";
})();
