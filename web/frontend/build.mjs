// Bundles the scripts and styles of the pages into web/static/build. Called by make; never runs in production.
import { build } from "esbuild";

await build({
  entryPoints: ["app.js", "diagram.js", "signature.js", "photos.js", "app.css", "diagram.css"],
  outdir: "../static/build",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2020", "chrome90", "firefox90", "safari15"],
  legalComments: "linked",
  loader: { ".svg": "dataurl" },
  logLevel: "warning",
});
