// A chart of the table beside it: <canvas data-chart="id of the table" data-columns="1,4">: its first column names the bars, those columns are drawn.
import { BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, Tooltip } from "chart.js";

Chart.register(BarController, BarElement, CategoryScale, Legend, LinearScale, Tooltip);
const COLOURS = ["--pico-primary", "--late"];

export function chart(canvas) {
  const table = document.getElementById(canvas.dataset.chart);
  const style = getComputedStyle(document.documentElement);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const shown = canvas.dataset.columns.split(",").map(Number);
  const ink = style.getPropertyValue("--pico-color") || "#333";
  const datasets = shown.map((column, place) => ({
    label: heads[column],
    data: rows.map((row) => Number(row[column])),
    backgroundColor: style.getPropertyValue(COLOURS[place]).trim() || "#888",
  }));
  Chart.defaults.color = ink.trim();
  new Chart(canvas, {
    type: "bar",
    data: { labels: rows.map((row) => row[0]), datasets },
    options: { animation: false, responsive: true, maintainAspectRatio: false, scales: { y: { beginAtZero: true, ticks: { precision: 0 } } } },
  });
}
