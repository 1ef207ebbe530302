// Bundles the scripts and styles of the pages into web/static/build. Called by make; never runs in production.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const outdir = "../static/build";
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: ["app.js", "app.css", "diagram.css"],
  outdir,
  bundle: true,
  splitting: true, // what is imported on demand becomes a file of its own
  chunkNames: "[name]-[hash]",
  minify: true,
  format: "esm",
  target: ["es2020", "chrome90", "firefox90", "safari15"],
  legalComments: "linked",
  logLevel: "warning",
});

// Packed once here, so that the server need not do it at each request: see web/assets.py.
for (const file of readdirSync(outdir).filter((name) => /\.(js|css)$/.test(name))) {
  writeFileSync(`${outdir}/${file}.gz`, gzipSync(readFileSync(`${outdir}/${file}`), { level: 9 }));
}
