// Draws the charts of the supervisors' pages from the JSON beside them. Without it the tables say the same.
"use strict";

(() => {
  const drawn = [];

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const common = (told) => ({
    animation: false,
    aria: { enabled: true, decal: { show: true } }, // patterns: readable without colour
    color: ["--deed", "--won", "--lost", "--wait", "--medium", "--won-light"].map(token),
    textStyle: { color: token("--ink"), fontFamily: token("--type") },
    grid: { left: 8, right: 16, top: told.series.length > 1 ? 36 : 12, bottom: 8, containLabel: true },
    legend: told.series.length > 1 ? { type: "scroll", top: 0, left: 0, right: 0, textStyle: { color: token("--ink") }, pageTextStyle: { color: token("--ink") } } : { show: false },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: token("--paper"),
      borderColor: token("--line"),
      textStyle: { color: token("--ink") },
    },
  });

  const quiet = (more) => ({
    axisLine: { lineStyle: { color: token("--line") } },
    axisLabel: { color: token("--soft"), hideOverlap: true },
    splitLine: { lineStyle: { color: token("--line") } },
    ...more,
  });

  // A rate is a dot between the whiskers of its interval: a row a group, so that long names have room.
  const rates = (told) => {
    const [one] = told.series;
    const whisker = (params, api) => {
      const row = api.value(0);
      if (Number.isNaN(api.value(1))) return null;
      const [low, middle, high] = [1, 2, 3].map((n) => api.coord([api.value(n), row]));
      const stroke = { stroke: token("--ink"), lineWidth: 1.5 };
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: stroke });
      return {
        type: "group",
        children: [
          line(low[0], low[1], high[0], high[1]),
          line(low[0], low[1] - 5, low[0], low[1] + 5),
          line(high[0], high[1] - 5, high[0], high[1] + 5),
          { type: "circle", shape: { cx: middle[0], cy: middle[1], r: 4 }, style: { fill: token("--deed") } },
        ],
      };
    };
    const data = one.values.map((v, n) => [n, one.low[n] ?? NaN, v ?? NaN, one.high[n] ?? NaN]);
    return {
      ...common(told),
      tooltip: {
        ...common(told).tooltip,
        trigger: "item",
        formatter: ({ dataIndex: n }) =>
          `${echarts.format.encodeHTML(told.labels[n])}<br>${one.values[n] ?? "–"} % (${one.low[n] ?? "–"}–${one.high[n] ?? "–"}), n = ${one.n[n]}`,
      },
      xAxis: quiet({ type: "value", min: 0, max: 100, axisLabel: { color: token("--soft"), formatter: "{value} %" } }),
      yAxis: quiet({ type: "category", inverse: true, data: told.labels, axisLabel: { color: token("--ink"), width: 160, overflow: "truncate" } }),
      series: [{ type: "custom", name: one.name, renderItem: whisker, data, encode: { x: [1, 2, 3], y: 0 } }],
    };
  };

  const bars = (told) => ({
    ...common(told),
    xAxis: quiet({ type: "category", data: told.labels, axisLabel: { color: token("--soft"), hideOverlap: true, interval: told.labels.length > 12 ? "auto" : 0, width: 96, overflow: "break" } }),
    yAxis: quiet({ type: "value" }),
    series: told.series.map((one) => ({ type: "bar", name: one.name, data: one.values, barMaxWidth: 40 })),
  });

  const draw = (place) => {
    const told = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const lying = told.kind === "rates";
    place.style.height = lying ? `${Math.max(96, 48 + 28 * told.labels.length)}px` : "240px";
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(lying ? rates(told) : bars(told));
    chart.on("click", ({ dataIndex }) => {
      if (told.links[dataIndex]) window.location.href = told.links[dataIndex];
    });
    return chart;
  };

  const all = () => {
    for (const chart of drawn.splice(0)) chart.dispose();
    for (const place of document.querySelectorAll("[data-chart]")) drawn.push(draw(place));
  };

  if (window.echarts) {
    all();
    window.addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
    window.addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize({ width: 640 })));
    window.addEventListener("afterprint", () => drawn.forEach((chart) => chart.resize()));
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
    new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["class"] });
  }
  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
})();
